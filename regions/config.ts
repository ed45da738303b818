// Limits of a catalogue and of the files that it is made of.

export const catalogueBytesMax = 32 * 1024 * 1024
export const regionsMax = 1_000
export const deviceModelsMax = 200
/** One content in full: a thousand regions have a million links. */
export const contentBytesMax = 128 * 1024 * 1024
/** Layers that lie over the bundled one. */
export const layersMax = 32
/** Violations that one refusal names; a file with the wrong shape has one per row. */
export const violationsMax = 20

/** Of spot capacity of which nobody knows how often it is taken back: once in two days. */
export const unknownLossesPerHour = 0.02
/** A price this many times the median of its device model and market, or as small a part of it, looks odd. */
export const oddPriceFactor = 5
/** Prices older than this are told. */
export const oldPriceDays = 365
