import { configDefaults, defineConfig } from 'vitest/config'
import { leftOut } from './test/kit/every-case.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...leftOut],
    pool: 'forks',
    // Vitest alone would leave one core idle; the tests wait for each other nowhere.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
