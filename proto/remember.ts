// Remembers what a deterministic function made of a text, a bounded number of them; the one that
// was asked for longest ago goes first. The whole text is the key, so this memory can change no
// answer, only when it comes. What throws is not remembered. Holds no secret.

export function remember<T>(max: number, make: (text: string) => T): (text: string) => T {
  const known = new Map<string, { readonly made: T }>()
  return (text) => {
    const found = known.get(text)
    const kept = found ?? { made: make(text) }
    known.delete(text)
    known.set(text, kept)
    for (const [oldest] of known) {
      if (known.size <= max) break
      known.delete(oldest)
    }
    return kept.made
  }
}
