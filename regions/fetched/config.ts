// Limits of layers that were fetched from clouds and kept.

/** A layer older than this is marked stale: spot prices and stock change within hours. */
export const staleAfterMs = 2 * 3_600_000
export const layerBytesMax = 32 * 1024 * 1024
/** Files of one folder; older ones beyond it are not read. */
export const layersMax = 24
