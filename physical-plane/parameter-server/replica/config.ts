// Limits of a replica. A model beyond them is refused when its worker joins, with the number found.

export const tensorsMax = 100_000
export const tensorNameBytesMax = 1024
export const tensorDimensionsMax = 32
export const parameterGroupsMax = 64
/** All tensors together, as float32. */
export const replicaBytesMax = 2 ** 31
/** Address space of one arena; pages cost memory only once they are touched. The most that WebAssembly can address. */
export const arenaBytesDefault = 2 ** 32
/** Field violations that one refusal lists. */
export const violationsMax = 8
