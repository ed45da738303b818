// Limits of the apply rules.

/** Own updates whose age is known exactly. */
export const sealsRemembered = 256
