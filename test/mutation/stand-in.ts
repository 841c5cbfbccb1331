// Stands in for vitest in a mutation run, so that thousands of runs cost no start of a worker each:
// the few names that the tests of the protocol use, with vitest's own `expect`. A test file is
// imported, its tests are collected, and `runCollected` runs them up to the first that fails.
import { join } from 'node:path'

type Body = (...values: unknown[]) => unknown
interface Suite {
  readonly parent: Suite | undefined
  readonly before: Body[]
  readonly after: Body[]
}
interface Collected {
  readonly name: string
  readonly suite: Suite
  readonly run: () => unknown
}

const top = (): Suite => ({ parent: undefined, before: [], after: [] })
export const everyTwin = { isWanted: false }
let suite = top()
let collected: Collected[] = []

const { chai, ...matchers } = await load('@vitest/expect/dist/index.js')
for (const name of ['JestExtend', 'JestChaiExpect', 'JestAsymmetricMatchers']) {
  chai.use(matchers[name])
}
const { spyOn, restoreAllMocks } = await load('@vitest/spy/dist/index.js')
export const vi = { spyOn, restoreAllMocks }
export const expect = Object.assign((value: unknown) => chai.expect(value), chai.expect, {
  ...Reflect.get(globalThis, matchers.ASYMMETRIC_MATCHERS_OBJECT),
  hasAssertions: () => {},
  unreachable: () => chai.assert.fail('reached what must not be reached'),
})
matchers.setState({ assertionCalls: 0, isExpectingAssertions: false, testPath: '' }, expect)
Reflect.set(globalThis, matchers.GLOBAL_EXPECT, expect)

/** From a manifest of its own: there are no types of it here. */
async function load(path: string) {
  return import(join(import.meta.dirname, 'node_modules', path))
}

export const describe = Object.assign(describeOne, { each: each(describeOne) })
export const it = Object.assign(itOne, { each: each(itOne) })
export const beforeAll = (body: Body): void => void suite.before.push(body)
export const afterEach = (body: Body): void => void suite.after.push(body)

function describeOne(_name: string, body: Body): void {
  suite = { parent: suite, before: [], after: [] }
  body()
  suite = suite.parent ?? top()
}

function itOne(name: string, body: Body): void {
  collected.push({ name, suite, run: body })
}

function each(one: (name: string, body: Body) => void) {
  return (cases: readonly unknown[]) => (name: string, body: Body) => {
    for (const values of cases.filter(isTried)) {
      one(name, () => (Array.isArray(values) ? body(...values) : body(values)))
    }
  }
}

/** The arithmetic of one twin is enough where a file is no twin itself. */
function isTried(value: unknown): boolean {
  const isTwin = typeof value === 'object' && value !== null && 'tables' in value
  return !isTwin || everyTwin.isWanted || Reflect.get(value, 'name') === 'native'
}

/** The name of the first test that fails, with what it threw; nothing when all pass. */
export async function runCollected(): Promise<string | undefined> {
  const tests = collected
  collected = []
  suite = top()
  const begun = new Set<Suite>()
  for (const { name, suite, run } of tests) {
    const chain: Suite[] = []
    for (let one: Suite | undefined = suite; one !== undefined; one = one.parent) chain.unshift(one)
    try {
      for (const one of chain.filter((one) => !begun.has(one))) {
        begun.add(one)
        for (const body of one.before) await body()
      }
      await run()
    } catch (thrown) {
      return `${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    } finally {
      for (const one of chain.toReversed()) for (const body of one.after) await body()
    }
  }
  return undefined
}

/** What a file that could not be set up has left behind. */
export function forgetCollected(): void {
  collected = []
  suite = top()
}
