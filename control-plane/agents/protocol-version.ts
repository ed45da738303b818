// The version of the conversation between agents and the control plane. Both sides must say the same number; it grows
// when a message changes its meaning, not when a field is added.

export const protocolVersion = 1
