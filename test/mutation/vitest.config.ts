// The tests of a mutation run: those that MUTATION_TESTS names, one thread, no retry.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: (process.env['MUTATION_TESTS'] ?? '').split(',').filter((file) => file !== ''),
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
