// The tests of a mutation run: those that MUTATION_TESTS names, in that order, one thread, no retry.
// MUTATION_CORE is a file that stands for `core-module.ts`: the compiled module with a mistake.
import { defineConfig } from 'vitest/config'
import {
  BaseSequencer,
  type Reporter,
  type TestModule,
  type TestSpecification,
  type Vitest,
} from 'vitest/node'

const named = (process.env['MUTATION_TESTS'] ?? '').split(',').filter((file) => file !== '')

/** Fast files first: most mistakes are found there, and then the slow ones need not run. */
class AsNamed extends BaseSequencer {
  override async sort(specs: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number =>
      named.findIndex((file) => moduleId.endsWith(file))
    return [...specs].sort((a, b) => place(a) - place(b))
  }
}

/** A file that cannot even be set up is a find: nothing after it need run. */
class StopAtOnce implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  onTestModuleEnd(module: TestModule): void {
    if (module.state() === 'failed') void this.#vitest?.cancelCurrentRun('test-failure')
  }
}

const core = process.env['MUTATION_CORE']
const alias = core === undefined ? [] : [{ find: './core-module.ts', replacement: core }]

export default defineConfig({
  resolve: { alias },
  test: {
    include: named,
    reporters: [new StopAtOnce()],
    sequence: { sequencer: AsNamed },
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
