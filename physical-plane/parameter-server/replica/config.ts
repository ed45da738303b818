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
/** Commands that wait for the kernel thread; the next one waits, with its caller, until one is done. A power of two. */
export const ringSlots = 1024
export const ringOperandsMax = 14
/** A kernel thread that does nothing for this long while its caller waits is taken for dead. */
export const kernelStallMs = 60_000
/** Kernels over no more bytes than this run at once where nothing is before them: the way to the thread costs more. */
export const inlineBytesMax = 1 << 18
/** Vectors of one weighted mean; their table is part of the arena's scratch space. */
export const termsMax = 1024
/** What is larger is copied and hashed on a thread of its own. */
export const hashInStreamBytes = 1 << 18
/** node:crypto takes less than 2 GiB at a time. */
export const hashPieceBytes = 1 << 28
