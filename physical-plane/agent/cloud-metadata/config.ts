// How patient an agent is with its cloud's metadata service.

/** One question. */
export const answerMs = 2_000
export const answerBytesMax = 16 * 1024
/** AWS announces two minutes before, Tencent Cloud as well: asked this often, almost all of that is left. */
export const lossPollMs = 5_000
/** An AWS session token is asked for again well before it runs out. */
export const tokenSeconds = 21_600
export const tokenRenewMs = 3_600_000
