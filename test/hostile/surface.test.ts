// One error surface outward: whatever a corrupt signer does to a real node, and however the node takes
// it, what leaves the node is the same word at the same moment.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NodeFrame } from '../../proto/frames.ts'
import { limits } from '../../proto/limits.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { firstRound, secondRound } from '../../signer-node/dkls23/sign-messages.ts'
import { Sessions } from '../../signer-node/sessions.ts'
import { bent, type Twist } from '../kit/bent.ts'
import { leavesOf } from '../kit/rounds.ts'
import { SigningHouse } from '../signer-node/signing-kit.ts'

type Lie = (round: number, bytes: Uint8Array) => Uint8Array | undefined

const second = leavesOf(secondRound(nativeCurve()).fields)
const first = leavesOf(firstRound.fields)

/** The last byte of a field, other than it was. */
function changing(round: number, path: string): Lie {
  const leaf = (round === 1 ? first : second).find((one) => one.path === path)
  const at = (leaf?.offsets[0] ?? 0) + (leaf?.bytes ?? 1) - 1
  return (number, bytes) => {
    if (number === round) bytes[at] = (bytes[at] ?? 0) ^ 1
    return bytes
  }
}

const lies: Readonly<
  Record<
    string,
    {
      readonly lie: Lie
      /** What the node tells its own operator. */
      readonly taken: string
    }
  >
> = {
  // Over a Pairing that is young: no ban yet, so another one would be begun at once.
  'cheats in one of the first sessions': {
    lie: changing(2, 'product.proof'),
    taken: 'failed a check that no honest party fails',
  },
  'says nothing in round 2': {
    lie: (round, bytes) => (round === 2 ? undefined : bytes),
    taken: 'in time',
  },
  'sends a byte too many': {
    lie: (round, bytes) => (round === 2 ? Uint8Array.from([...bytes, 0]) : bytes),
    taken: 'bytes, got',
  },
  'sends a scalar that is none': {
    lie: (round, bytes) => (round === 2 ? bytes.fill(0xff, 0, 32) : bytes),
    taken: 'sign 2: ',
  },
  'tells of other commitments': { lie: changing(2, 'view'), taken: 'the view of party' },
  'opens its commitment to something else': { lie: changing(2, 'salt'), taken: 'does not open' },
  'cheats in a multiplication': {
    lie: changing(2, 'product.proof'),
    taken: 'failed a check that no honest party fails',
  },
}

let lie: Lie | undefined
const lying: Twist = ({ round, to, bytes }) => {
  const told = lie === undefined ? bytes : lie(round, bytes)
  return told === undefined ? [] : [{ round, to, bytes: told }]
}

// Only node b has node a as its one counterpart in a signature.
const { start } = Sessions.prototype
let house: SigningHouse
beforeAll(() => {
  Sessions.prototype.start = function (sid, coordinator, plan) {
    const nodes = [...plan.counterparts.values()].map(({ node }) => String(node))
    const isLiar = nodes.join() === 'node-a' && lie !== undefined
    const stepper = isLiar ? bent(plan.stepper, lying) : plan.stepper
    start.call(this, sid, coordinator, { ...plan, stepper } as never)
  }
  house = new SigningHouse()
})
afterAll(() => {
  Sessions.prototype.start = start
  house.close()
})

/** Everything that node a says after its messages, with when; names of the session are taken out. */
function surface(): readonly string[] {
  const payout = house.payout()
  const given = house.askSigners(payout)
  const { said } = house.at('node-a')
  said.length = 0
  house.begin(payout, given)
  const heard: string[] = []
  house.carry = (from, _to, frame) => {
    const isEarly = heard.length === 0 && !said.some(isWord)
    // A hello says that a Pairing is gone, and with it that a check failed.
    if (from === 'node-a' && frame.frame === 'note' && isEarly) heard.push('a hello')
    return frame
  }
  for (let ms = 0; ms <= 2 * limits.roundTimeoutMs; ms += 500) {
    for (const frame of said.splice(0)) {
      if (isWord(frame)) heard.push(`${ms} ${shape(frame)}`)
    }
    house.tick(500)
  }
  return heard
}

function isWord({ frame }: NodeFrame): boolean {
  return ['stopped', 'share', 'refused'].includes(frame)
}

/** A frame with its bytes as their number. */
function shape(frame: object): string {
  return JSON.stringify(frame, (_, value) =>
    value instanceof Uint8Array ? `${value.length} bytes` : value,
  )
}

function reasonAtNodeA(): unknown {
  const { events } = house.at('node-a').ports
  return events.findLast(({ name }) => name === 'session-failed')
}

describe('a signer that lies', () => {
  it('would have got a share for the truth', () => {
    expect(surface()).toHaveLength(1)
    expect(surface()[0]).toContain('"frame":"share"')
  })

  it('hears one word at one moment, whatever its lie was and whatever the node knows', () => {
    const heard = new Map<string, readonly string[]>()
    for (const [name, { lie: told, taken }] of Object.entries(lies)) {
      lie = told
      heard.set(name, surface())
      expect([name, JSON.stringify(reasonAtNodeA())]).toEqual([
        name,
        expect.stringContaining(taken),
      ])
    }
    lie = undefined
    const [words] = heard.values()
    expect(words).toHaveLength(1)
    expect(words?.[0]).toContain('SESSION_TIMEOUT')
    for (const [name, said] of heard) expect([name, said]).toEqual([name, words])
    expect(house.at('node-a').node.status().pairings).not.toContain('node-b')
  })
})
