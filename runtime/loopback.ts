// Whether a host is this machine alone. Servers listen elsewhere only when told to in so many words.

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
