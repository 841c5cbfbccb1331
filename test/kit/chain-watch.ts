// For endpoints of a chain that a test opens and whose words nobody listens to.
export const unwatched = {
  now: Date.now,
  report: (): void => {},
  stillMs: 300_000,
} as const
