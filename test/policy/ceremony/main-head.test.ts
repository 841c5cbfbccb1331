// The head of the main log in a Bundle: which one counts, and which log it may have grown from.
import { describe, expect, it } from 'vitest'
import {
  encodeMainHead,
  type MainHeadParts,
  mainFault,
  readMainHead,
} from '../../../policy/ceremony/main-head.ts'
import type { Plan } from '../../../policy/ceremony/plan.ts'
import { parseHandle } from '../../../proto/ids.ts'
import { limits } from '../../../proto/limits.ts'
import { MainLog } from '../../kit/main-log.ts'
import { testPlan } from '../../kit/planned.ts'
import { refusedWith } from '../../kit/refused.ts'
import { lightJson } from '../../kit/succession.ts'

const lights = ['light-a', 'light-b', 'light-c']
const of = { env: 'test' } as const
const main = new MainLog(of).grow(9)
const plan = testPlan('sign', { mainRoot: main.first.root.digest })
const read = (bytes: Uint8Array, change: Partial<Plan> = {}) =>
  readMainHead(bytes, { ...plan, ...change })
const said = (bytes: Uint8Array, change: Partial<Plan> = {}) =>
  refusedWith(() => read(bytes, change))

describe('a head of the main log in a Bundle', () => {
  it('is one that enough witnesses of the root that the plan names have cosigned', () => {
    const { origin, size, root, steps } = read(main.carried([3]))
    expect({ origin, size, root }).toEqual({ origin: main.first.root.log.origin, ...main.seen() })
    expect([...steps.keys()]).toEqual([3])
    expect(said(main.carried([], ['node-a', 'node-b']))).toBe('accepted')
    expect(said(main.carried([], ['node-a']))).toBe('COSIGN X-8')
    expect(said(main.carried([], ['node-a', 'node-d']))).toBe('COSIGN X-8')
  })

  it('is of no other log, organisation or environment', () => {
    const strange = new MainLog({ ...of, witness: { w: 3, f: 0, q: 3 } })
    expect(said(strange.carried())).toBe('RULESET_VERSION X-8')
    expect(said(main.carried(), { env: 'prod' })).toBe('BUNDLE X-6')
    expect(said(main.carried(), { org: parseHandle('other') })).toBe('BUNDLE X-6')
    expect(said(main.carried(), { origin: main.first.root.log.origin })).toBe('CONFIG X-8')
    const cold = new MainLog({ ...of, cold: true, witnesses: lights.map(lightJson) })
    expect(said(cold.carried(), { mainRoot: cold.first.root.digest })).toBe('CONFIG X-8')
    const unsigned = main.head().split('\n').toSpliced(4, 1).join('\n')
    expect(said(encodeMainHead({ ...main.parts([]), head: unsigned }))).toBe('LOG_MALFORMED X-8')
  })

  it('goes from root to root by the quorum before, and by the lines that brought them', () => {
    const moved = new MainLog(of).grow(4).replaceNode().grow(3)
    const all = ['node-a', 'node-b', 'node-d']
    expect(said(moved.carried([3], all))).toBe('accepted')
    // The witnesses of the root before are none of the head's.
    expect(said(moved.carried([3]))).toBe('COSIGN X-8')
    const bent = (change: Partial<MainHeadParts['later'][number]>) => {
      const parts = moved.parts([3], all)
      return said(
        encodeMainHead({ ...parts, later: parts.later.map((one) => ({ ...one, ...change })) }),
      )
    }
    expect(bent({})).toBe('accepted')
    expect(bent({ proof: [] })).toBe('LINE_MISSING X-8')
    expect(bent({ entry: moved.line(3) })).toBe('LINE_MISSING X-8')
    const forged = new MainLog(of).grow(4).replaceNode(['nobody']).grow(3)
    expect(said(forged.carried([], all))).toMatch(/GOV_QUORUM/)
    // Without the root, its witnesses are strangers.
    const parts = moved.parts([], all)
    expect(said(encodeMainHead({ ...parts, later: [] }))).toBe('accepted')
    expect(said(encodeMainHead({ ...moved.parts([], ['node-b', 'node-d']), later: [] }))).toBe(
      'COSIGN X-8',
    )
  })

  it('is refused with a field too many, and beyond its bounds', () => {
    const steps = new Map(Array.from({ length: limits.mainStepsMax + 1 }, (_, at) => [at + 1, []]))
    expect(said(encodeMainHead({ ...main.parts([]), steps }))).toBe('MALFORMED')
    expect(said(new Uint8Array(limits.mainHeadBytesMax + 1))).toMatch(/TOO_LARGE|MALFORMED/)
  })
})

describe('what was seen of the main log', () => {
  const head = read(main.carried([3, 7]))

  it('is the beginning of what is seen now, by a proof', () => {
    for (const size of [3, 7, main.size]) expect(mainFault(head, main.seen(size))).toBeUndefined()
    expect(mainFault(head, { size: 0, root: '' })).toBeUndefined()
    expect(mainFault(undefined, { size: 0, root: '' })).toBeUndefined()
  })

  it('is a fault where it is longer, another log, without a proof, or without a head', () => {
    const other = new MainLog(of, 1).grow(20)
    expect(mainFault(head, other.seen(20))).toBe('the main log had 20 lines, now it has 11')
    for (const size of [3, 7, main.size]) {
      expect(mainFault(head, other.seen(size))).toContain(`differs within its first ${size} lines`)
    }
    expect(mainFault(head, main.seen(5))).toBe(
      'no proof that the main log grew from its first 5 lines',
    )
    expect(mainFault(undefined, main.seen(5))).toContain('no head of it is here')
  })
})
