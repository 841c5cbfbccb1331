// The scenario that a drill draws: what may be drawn, what it takes, and a Record in which more was
// done than it left.
import { describe, expect, it } from 'vitest'
import { isTaken, isTakenKey, parseDrawn } from '../../../policy/ceremony/drawn.ts'
import { judgeScript } from '../../../policy/ceremony/judge-script.ts'
import type { Plan } from '../../../policy/ceremony/plan.ts'
import { keyName, type RecordLine } from '../../../policy/ceremony/record.ts'
import { parsePersonId } from '../../../proto/ids.ts'
import { plannedToken, someDigest, testPlan } from '../../kit/planned.ts'
import { refusedWith } from '../../kit/refused.ts'

const modules = [someDigest('module'), someDigest('other module')] as const
const base = testPlan('drill')
const plan: Plan = {
  ...base,
  scenarios: ['site', 'custodian', 'vendor', 'coordinator', 'theft'],
  build: { ...base.build, modules },
}
const ben = { custodian: parsePersonId('ben') }

interface Said {
  readonly step: string
  readonly type?: string
  readonly by?: string
  readonly token?: string
  readonly body?: object
}

/** By this person's daily token, where nothing else is said. */
function lines(...said: readonly Said[]): readonly RecordLine[] {
  return said.map(({ step, type = 'step.done', by = 'administrator/ada', token, body }, seq) => {
    const [role = '', person = ''] = by.split('/')
    const serial =
      token ?? plan.stations.find((one) => one.custodian === person)?.tokens?.daily.serial
    const key = keyName(plannedToken(serial ?? 'R-0').identity)
    return {
      step,
      type,
      actor: { role, person },
      seq,
      t: seq,
      key,
      body: body ?? { noted: [], confirmed: [] },
    }
  }) as unknown as RecordLine[]
}

const draw = (...noted: readonly string[]): Said => ({
  step: 'D-1',
  body: { noted, confirmed: ['will'] },
})
const ready = (person: string, module: string): Said => ({
  ...{ step: 'O-5', type: 'station.ready', by: `custodian/${person}`, body: { module } },
})
const opened = (person: string, token?: string): Said => ({
  ...{ step: 'D-4', type: 'seal.tested', by: `custodian/${person}`, body: { vault: 'cold-eth' } },
  ...(token === undefined ? {} : { token }),
})

/** What is said about a draw; the rest of the script is not there. */
const found = (...said: readonly Said[]): readonly string[] =>
  judgeScript({ plan, lines: lines(...said), carried: new Set(), isAborted: true })
    .map(({ because, line }) => `${line ?? ''} ${because}`)
    .filter((because) => /drawn|scenario/.test(because))

describe('what is drawn', () => {
  const drawn = (...noted: readonly string[]) => refusedWith(() => parseDrawn(plan, noted))

  it('is one of the bowl, with one thing that it takes of this plan', () => {
    expect(parseDrawn(plan, ['site', 'north'])).toEqual({ scenario: 'site', takes: 'north' })
    for (const noted of [
      ['site', 'west'],
      ['custodian', 'eva'],
      ['vendor', modules[1]],
      ['coordinator'],
      ['theft'],
    ]) {
      expect([noted, drawn(...noted)]).toEqual([noted, 'accepted'])
    }
    for (const noted of [
      [],
      ['flood'],
      ['site'],
      ['site', 'east'],
      ['site', 'north', 'south'],
      ['custodian', 'finn'],
      ['custodian', 'ada'],
      ['vendor', someDigest('third module')],
      ['coordinator', 'north'],
    ]) {
      expect([noted, drawn(...noted)]).toEqual([noted, 'CEREMONY'])
    }
    const few = { ...plan, scenarios: ['site'] as const }
    expect(refusedWith(() => parseDrawn(few, ['theft']))).toBe('CEREMONY')
  })

  it('takes a custodian, the stations of a vendor, or the daily tokens of a site', () => {
    const module = ready('ben', modules[0])
    const drawnWith = (...noted: readonly string[]) => lines(module, draw(...noted))
    expect(isTaken(plan, lines(module), ben)).toBe(false)
    expect(isTaken(plan, drawnWith('custodian', 'ben'), ben)).toBe(true)
    expect(isTaken(plan, drawnWith('custodian', 'ana'), ben)).toBe(false)
    expect(isTaken(plan, drawnWith('vendor', modules[0]), ben)).toBe(true)
    expect(isTaken(plan, drawnWith('vendor', modules[1]), ben)).toBe(false)
    const changed = [...drawnWith('vendor', modules[0]), ...lines(ready('ben', modules[1]))]
    expect(isTaken(plan, changed, ben)).toBe(false)
    const [daily, spare] = ['D-2', 'S-2'].map((serial) => keyName(plannedToken(serial).identity))
    const south = drawnWith('site', 'south')
    expect([isTakenKey(plan, south, daily ?? ''), isTakenKey(plan, south, spare ?? '')]).toEqual([
      true,
      false,
    ])
    expect(isTakenKey(plan, drawnWith('site', 'north'), daily ?? '')).toBe(false)
    expect(isTaken(plan, south, ben)).toBe(false)
  })
})

describe('a Record of a drill', () => {
  it('says what was drawn, out of the bowl of its plan', () => {
    expect(found(draw('theft'), opened('ben'))).toEqual([])
    expect(found(draw('flood'), opened('ben'))).toEqual([
      expect.stringMatching(/^0 drawn: expected/),
    ])
    expect(found(draw(), opened('ben'))).toEqual([expect.stringMatching(/^0 drawn: expected/)])
  })

  it('is drawn before anything of it is done, and once, whatever an exception says', () => {
    const excuse = { step: 'D-4', type: 'exception', by: 'recorder/rita', body: { number: 1 } }
    expect(found(opened('ben'), excuse, draw('theft'))).toEqual([
      '0 D-4 before a scenario was drawn',
    ])
    expect(found(draw('site', 'south'), excuse, draw('theft'), opened('ben', 'S-2'))).toEqual([
      '2 a scenario was drawn a second time',
    ])
    // The first counts.
    expect(found(draw('custodian', 'ben'), excuse, draw('theft'), opened('ben'))).toContain(
      '3 ben acts, whom the scenario took',
    )
  })

  it('is done with what the scenario left', () => {
    expect(found(draw('custodian', 'ben'), opened('ana'))).toEqual([])
    expect(found(draw('custodian', 'ben'), opened('ben', 'S-2'))).toEqual([
      '1 ben acts, whom the scenario took',
    ])
    expect(found(draw('site', 'south'), opened('ben', 'S-2'), opened('ana'))).toEqual([])
    expect(found(draw('site', 'south'), opened('ben'), opened('eva'))).toEqual([
      '1 signed by a token that the scenario took',
      '2 signed by a token that the scenario took',
    ])
    const onA = { ...opened('ben', 'S-2'), body: { vault: 'cold-eth', medium: 'a' } }
    const onB = { ...onA, body: { vault: 'cold-eth', medium: 'b' } }
    expect(found(draw('site', 'south'), onB)).toEqual([])
    expect(found(draw('site', 'north'), onA)).toEqual([])
    expect(found(draw('site', 'south'), onA)).toEqual(['1 opened a medium that the scenario took'])
    const both = [ready('ben', modules[0]), ready('ana', modules[1])]
    expect(found(...both, draw('vendor', modules[0]), opened('ana'))).toEqual([])
    expect(found(...both, draw('vendor', modules[0]), opened('ben'))).toEqual([
      '3 ben acts, whom the scenario took',
    ])
  })

  it('is the administrator’s to draw', () => {
    const by = (who: string) =>
      judgeScript({
        plan,
        lines: lines({ ...draw('theft'), by: who }),
        carried: new Set(),
        isAborted: true,
      })
        .map(({ because }) => because)
        .filter((because) => because.startsWith('D-1 '))
    expect(by('administrator/ada')).toEqual([])
    expect(by('recorder/rita')).toEqual(['D-1 is done by the administrator'])
    expect(by('custodian/ben')).toEqual(['D-1 is done by the administrator'])
  })
})
