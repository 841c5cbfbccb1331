// The doubter doubted: faults planted in what the harness plays are all told, so that its silence over
// the real protocols means something.
import { afterEach, describe, expect, it } from 'vitest'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { Pairing } from '../../signer-node/dkls23/pairing.ts'
import type { Protocol } from '../../signer-node/dkls23/protocol.ts'
import { SecretScope } from '../../signer-node/dkls23/secret.ts'
import { type Case, casesOf } from './cases.ts'
import { Theatre } from './play.ts'
import { type Show, type Stage, signing } from './stage.ts'
import { exporting } from './stages-life.ts'

const curve = nativeCurve()
const { judge } = Pairing.prototype
afterEach(() => {
  Pairing.prototype.judge = judge
})

function caseOf(stage: Stage, round: number, path: string, mutation: string): Case {
  const found = casesOf(stage).find(
    (one) => one.round === round && one.leaf.path === path && one.mutation.name === mutation,
  )
  if (found === undefined) throw new Error(`there is no ${mutation} of ${path}`)
  return found
}

const flippedEta = (stage: Stage): Case => caseOf(stage, 2, 'product.eta', 'one more')
const play = (one: Case): readonly string[] => new Theatre().play(one).broken

/** The same stage with other protocols, and another opinion of what comes out. */
function changed(stage: Stage, change: (show: Show) => Partial<Show>): Stage {
  const changedShow = (show: Show): Show => ({ ...show, ...change(show) })
  return {
    ...stage,
    begin: (session) => changedShow(stage.begin(session)),
    foreign: () => changedShow(stage.foreign()),
  }
}

describe('the harness', () => {
  it('has nothing to say of the real protocol', () => {
    expect(play(flippedEta(signing(curve, [1, 2])))).toEqual([])
  })

  it('tells that a check is missing', () => {
    Pairing.prototype.judge = function (check, hasPassed) {
      judge.call(this, check, hasPassed || check === 'rvole-check')
    }
    expect(play(flippedEta(signing(curve, [1, 2]))).join('\n')).toContain(
      'party 1: done, expected rvole-check of 2',
    )
  })

  it('tells that a pairing did not die with its check', () => {
    const stage = changed(signing(curve, [1, 2]), () => ({ deaths: [] }))
    expect(play(flippedEta(stage)).join('\n')).toContain('died: ')
  })

  it('tells that something else than an Abort came out', () => {
    const decodeScalar: Curve['scalars']['decodeScalar'] = (bytes) => {
      if (bytes[0] === 0xff) throw new TypeError('not expected')
      return curve.scalars.decodeScalar(bytes)
    }
    const stage = signing({ ...curve, scalars: { ...curve.scalars, decodeScalar } }, [1, 2])
    expect(play(caseOf(stage, 2, 'offset', 'all 0xff'))).toEqual(['threw TypeError: not expected'])
  })

  it('tells that a secret was left', () => {
    function* careless(protocol: Protocol<unknown>): Protocol<unknown> {
      new SecretScope().keep(new Uint8Array(32))
      return yield* protocol
    }
    const stage = changed(signing(curve, [1, 2]), ({ protocols }) => ({
      protocols: new Map([...protocols].map(([x, protocol]) => [x, careless(protocol)])),
    }))
    expect(play(flippedEta(stage))).toEqual(['2 scopes of secrets were not wiped'])
  })

  it('tells that what came out is wrong', () => {
    const stage = changed(exporting(curve), () => ({ judge: () => 'not the key' }))
    expect(play(caseOf(stage, 1, 'fragments', 'the generator'))).toEqual(['not the key'])
  })

  it('tells that it mutated nothing, and refuses a stage whose honest run fails', () => {
    const stage = exporting(curve)
    const one = caseOf(stage, 1, 'part', 'one')
    expect(play({ ...one, round: 9 })).toContain('the message never came')
    const unknown = { ...stage, rounds: new Map() }
    expect(() => play({ ...one, stage: unknown })).toThrow('round 1 is not in the registry')
  })
})
