import { describe, expect, it } from 'vitest'
import { Malformed } from '../../signer-node/dkls23/bytes.ts'
import { foundOf } from './corpus.ts'
import { attemptOn, inputOf, run } from './run.ts'
import { bytesTarget, type Target } from './target.ts'
import { allTargets, sharesOf } from './targets.ts'

const targets = allTargets()
const isSlow = ({ share }: Target): boolean => share < 0.01
const quick = targets.filter((target) => !isSlow(target))
const slow = targets.filter(isSlow)

describe('the fuzzer', () => {
  const toy = (run: (input: Uint8Array) => void): Target =>
    bytesTarget('toy', [Uint8Array.of(1, 2, 3)], run, { refusals: [Malformed], msMax: 50 })
  const stretch = { seed: 1, from: 0, executions: 300 }

  it('finds an error that is no refusal, and finds it again by its number', () => {
    const broken = toy((input) => {
      if (input.length > 5) throw new TypeError('a bug')
      if (input.length > 3) throw new Malformed('too long')
    })
    const { found, taken } = run(broken, stretch)
    expect(taken).toBeGreaterThan(0)
    expect(found.length).toBe(10)
    for (const { at, what, input } of found) {
      expect(what).toBe('TypeError: a bug')
      expect(inputOf(broken, 1, at)).toEqual(input)
    }
  })

  it('finds what takes too long, and not what a busy machine made slow once', () => {
    let calls = 0
    const wait = (ms: number): void => {
      const begun = process.cpuUsage()
      for (let spent = 0; spent < ms; ) {
        const { user, system } = process.cpuUsage(begun)
        spent = (user + system) / 1_000
      }
    }
    const once = toy(() => {
      calls += 1
      if (calls === 2) wait(60)
    })
    expect(run(once, { ...stretch, executions: 3 }).found).toEqual([])
    const always = toy((input) => wait(input.length > 0 ? 60 : 0))
    expect(run(always, { ...stretch, executions: 1 }).found).toMatchObject([{ what: 'slow' }])
  })

  it('finds nothing where everything is refused or taken', () => {
    const fine = toy((input) => {
      if (input.length > 3) throw new Malformed('too long')
    })
    expect(run(fine, stretch).found).toEqual([])
  })

  it('shares its executions out, and leaves no target without', () => {
    const shares = sharesOf(targets, 1_000_000)
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(20)
    const sum = shares.reduce((total, one) => total + one, 0)
    expect(Math.abs(sum - 1_000_000)).toBeLessThan(5_000)
  })

  it('has a name of its own for every target', () => {
    expect(new Set(targets.map(({ name }) => name)).size).toBe(targets.length)
  })
})

describe('the corpus', () => {
  it.each(targets.map((target) => [target.name, target] as const))(
    'of %s is taken',
    (_, target) => {
      const few = isSlow(target) ? target.seeds.slice(0, 1) : target.seeds
      for (const seed of few) expect(attemptOn(target, seed)).toBe('taken')
    },
  )
})

describe('a broken input of', () => {
  it.each(quick.map((target) => [target.name, target] as const))(
    '%s is refused or right',
    (_, target) => {
      const executions = Math.ceil(400 * Math.min(1, target.share))
      const ran = run(target, { seed: 7, from: 0, executions })
      expect(ran.found).toEqual([])
    },
  )

  it.each(slow.map((target) => [target.name, target] as const))(
    '%s is refused or right',
    (_, target) => {
      expect(
        run(target, { seed: 7, from: 0, executions: target.share < 0.001 ? 1 : 3 }).found,
      ).toEqual([])
    },
  )
})

describe('what was found once', () => {
  it('stays mended', () => {
    for (const target of targets) {
      if (!target.name.startsWith('step-') && !['policy-analysed', 'jcs'].includes(target.name)) {
        for (const input of foundIn(target.name)) {
          expect([target.name, attemptOn(target, input)]).toEqual([target.name, 'refused'])
        }
      }
    }
  })
})

function foundIn(name: string): readonly Uint8Array[] {
  try {
    return foundOf(name)
  } catch {
    return []
  }
}
