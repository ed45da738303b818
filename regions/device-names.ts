// One device under many names. Clouds, price lists and nvidia-smi write "NVIDIA A100-SXM4-80GB", "nvidia-tesla-t4", "A100-80GB" or
// "V100-32GB"; a catalogue has one name for each. Form factor and memory make no other model, save where the catalogue
// knows the larger one by its own name (nvidia-a100-80).

/** The catalogue's name of a device; null where it has none. What the catalogue says itself is never taken for an alias. */
export function deviceModelOf(text: string, known: ReadonlySet<string>): string | null {
  if (known.has(text)) return text
  const words = text
    .toLowerCase()
    .split(/[^a-z0-9.]+/)
    .filter((word) => word !== '' && !isFiller(word))
  const memory = words.find((word) => memoryWord.test(word))
  const plain = words.filter((word) => !memoryWord.test(word))
  const name = plain.join('-')
  if (name === '' || name === 'nvidia') return null
  const candidates = [`nvidia-${name}`, name].flatMap((model) => {
    return memory === undefined ? [model] : [`${model}-${Number.parseInt(memory, 10)}`, model]
  })
  return candidates.find((candidate) => known.has(candidate)) ?? null
}

const memoryWord = /^\d+(gb|gib|g)$/

function isFiller(word: string): boolean {
  return /^(nvidia|tesla|geforce|quadro|gpu|tensor|core|graphics|sxm\d*|pcie|nvl|hbm\d*e?|mega|accelerator)$/.test(word)
}
