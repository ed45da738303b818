// Names of regions, or patterns that end in "*".

export function fits(region: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? region.startsWith(pattern.slice(0, -1)) : region === pattern,
  )
}
