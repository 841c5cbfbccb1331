// Dealings that do not fit, and coordinators that lie about an import: nobody activates anything
// that people did not approve, and nothing signs before the refresh.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8 } from '../../proto/crypto.ts'
import type { CoordinatorPart } from '../../proto/frames.ts'
import { type Digest, parseDigest, parseHandle, parseVaultId } from '../../proto/ids.ts'
import {
  type Dealing,
  dealingDocument,
  openInvitations,
  parseDealing,
} from '../../proto/import-documents.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { sealShare } from '../../proto/seal-import.ts'
import type { Signed } from '../../proto/signed.ts'
import { root } from '../coordinator/world.ts'
import { daily } from '../kit/every-case.ts'
import { type House, names } from '../kit/house.ts'
import { approvedWith, pay, pays, sharesOf } from '../kit/house-changes.ts'
import { dealt, imported, importOf, invitations, outside, row } from '../kit/house-imports.ts'
import { openHouse } from '../kit/house-open.ts'
import { allInvited } from '../kit/invited.ts'

type Prepare = CoordinatorPart<'prepare'>

let house: House
beforeAll(async () => {
  house = await openHouse({ seed: 'import lies', keyless: true })
})
beforeEach(() => {
  house.up = (_place, frame) => frame
  house.down = (_place, frame) => frame
})
afterAll(() => house.close())

/** What nodes refused with, of Prepares that carry an order. */
function listening(): string[] {
  const said: string[] = []
  house.up = ({ node }, frame) => {
    if (frame.frame === 'refused') {
      const { code, expected } = JSON.parse(fromUtf8(frame.refused.refusal.document) ?? '')
      said.push(`${node} ${code}: ${expected}`)
    }
    return frame
  }
  return said
}

/** What the first node says that refuses this dealing; nothing is in force after it. */
async function refusedFor(make: (given: readonly Signed[]) => Dealing): Promise<string> {
  const said = listening()
  const dealing = make(await invitations(house))
  const id = await approvedWith(house, importOf(house, dealing), dealingDocument(dealing))
  await house.until('a refusal', () => said.length > 0)
  await house.pass(1_000)
  expect(await row(house)).toBeUndefined()
  expect(await house.state(id)).toBe('WAITING')
  for (const name of names) expect(sharesOf(house, name)).toEqual(['hot.invitation'])
  await ended(id)
  return said[0] ?? ''
}

/** Whoever asked takes it back; then nobody can open what was dealt any more. */
async function ended(id: Digest): Promise<void> {
  const answer = await house.during(house.someCoordinator.requests.cancel(id, 'ana'))
  if (isRefusal(answer)) throw new Error(answer.because)
  await house.until('the invitations are gone', () =>
    names.every((name) => sharesOf(house, name).length === 0),
  )
}

/** Whatever Prepare asks for this import brings another dealing. */
function bending(bend: (part: Prepare) => Prepare, to?: string): void {
  house.down = ({ node }, frame) => {
    const isAsked = frame.frame === 'prepare' && frame.prepare.dealing.length > 0
    return isAsked && (to === undefined || to === node)
      ? { ...frame, prepare: bend(frame.prepare) }
      : frame
  }
}

function bentDealing(part: Prepare, change: (dealing: Dealing) => Dealing): Prepare {
  return { ...part, dealing: dealingDocument(change(parseDealing(part.dealing))) }
}

const notApproved = 'DEALING: the dealing is not the one that people approved'
type Share = Dealing['shares'][0]

describe('a dealing', () => {
  const bent: readonly (readonly [string, (given: readonly Signed[]) => Dealing, string])[] = [
    [
      'of which one share is of another key',
      (given) => {
        const [good, other] = [dealt(given), dealt(given, 'another key')]
        return {
          ...good,
          shares: good.shares.map((one, at) => (at === 1 ? other.shares[1]! : one)),
        }
      },
      'signer-b DEALING: the own share does not open',
    ],
    [
      'of which two shares are swapped',
      (given) => {
        const good = dealt(given)
        const [a, b, c] = good.shares as [Share, Share, Share]
        const swapped = [
          { ...a, eph: b.eph, sealed: b.sealed },
          { ...b, eph: a.eph, sealed: a.sealed },
        ]
        return { ...good, shares: [...swapped, c] }
      },
      'DEALING: the own share does not open',
    ],
    [
      'of which one share lies beside the polynomial',
      (given) => crookedly(given),
      'signer-b DEALING: the imported share is not on the dealt polynomial',
    ],
    [
      'that gives itself another digest',
      (given) => ({ ...dealt(given), commitments: parseDigest('cd'.repeat(32)) }),
      notApproved,
    ],
    [
      'with another coefficient',
      (given) => {
        const [good, other] = [dealt(given), dealt(given, 'another key')]
        return { ...good, coefficients: [good.coefficients[0]!, other.coefficients[1]!] }
      },
      notApproved,
    ],
    [
      'of a key that the policy calls otherwise',
      (given) => ({ ...dealt(given), key: parseHandle('other') }),
      'DEALING: expected a dealing of hot',
    ],
    [
      'for three that sign together',
      (given) => {
        const good = dealt(given)
        return { ...good, t: 3, coefficients: [...good.coefficients, good.coefficients[0]!] }
      },
      'DEALING: expected a dealing of hot',
    ],
    [
      'with no share for one node',
      (given) => {
        const good = dealt(given)
        return { ...good, shares: good.shares.slice(0, 2) }
      },
      'signer-c DEALING: no share is dealt',
    ],
    [
      'that is sealed to invitations of another time',
      () => dealt(allInvited()),
      'DEALING: expected a share sealed to',
    ],
  ]
  for (const [what, make, because] of daily(bent, 2, 4)) {
    it(`${what} is refused by its node, and nobody activates`, async () => {
      expect(await refusedFor(make)).toContain(because)
    })
  }

  it('is opened by nobody when its request has ended, however often it is asked for again', async () => {
    const given = await invitations(house)
    const old = dealt(given)
    await ended(await imported(house, old))
    expect((await invitations(house)).map(({ document }) => document)).not.toEqual(
      given.map(({ document }) => document),
    )
    expect(await refusedFor(() => old)).toContain('DEALING: expected a share sealed to')
    const said = listening()
    const id = await imported(house, old)
    await house.until('a refusal', () => said.length > 0)
    expect(said[0]).toContain('DEALING: no invitation for hot is open here')
    await house.during(house.someCoordinator.requests.cancel(id, 'ana'))
  })

  it('that is another one than the terms name is not taken in at all', async () => {
    const given = await invitations(house)
    const [good, other] = [dealt(given), dealt(given, 'another key')]
    const asked = approvedWith(house, importOf(house, good), dealingDocument(other))
    await expect(asked).rejects.toThrow('DEALING: expected the dealing that the terms name')
    await expect(approvedWith(house, importOf(house, good))).rejects.toThrow('expected the dealing')
    const elsewhere = dealingDocument({ ...good, vault: parseVaultId('warm') })
    await expect(approvedWith(house, importOf(house, good), elsewhere)).rejects.toThrow('vault:')
    const refresh = { ...importOf(house, good), op: 'key.create', terms: {} } as const
    const beside = approvedWith(house, refresh, dealingDocument(good))
    await expect(beside).rejects.toThrow('a dealing goes with an import alone')
  })
})

describe('a coordinator', () => {
  const lies: readonly (readonly [string, (part: Prepare, other: Dealing) => Prepare])[] = [
    ['another dealing', (part, other) => ({ ...part, dealing: dealingDocument(other) })],
    [
      'another chain code',
      (part) => bentDealing(part, (all) => ({ ...all, chainCode: new Uint8Array(32) })),
    ],
  ]
  for (const [what, lie] of daily(lies, 0, 2)) {
    it(`that brings ${what} than the approved one is refused`, async () => {
      const said = await refusedFor((given) => {
        const other = dealt(given, 'a key of the coordinator')
        bending((part) => lie(part, other))
        return dealt(given)
      })
      expect(said).toContain(notApproved)
    })
  }

  it('that brings no dealing is refused', async () => {
    const said = await refusedFor((given) => {
      bending((part) => ({ ...part, dealing: new Uint8Array(0) }), 'signer-a')
      return dealt(given)
    })
    expect(said).toContain('signer-a MALFORMED')
  })
})

describe('an imported key that was not refreshed', () => {
  it('signs nothing while the refresh is withheld, also for a coordinator that asks all the same', async () => {
    const given = await invitations(house)
    house.down = ({ node }, frame) => {
      if (frame.frame !== 'prepare' || frame.prepare.order.length === 0) return frame
      // Every Prepare of the refresh: it brings no dealing.
      return frame.prepare.dealing.length === 0 && node !== '' ? undefined : frame
    }
    const id = await imported(house, dealt(given))
    await house.untilState(id, 'ACTIVE')
    await house.until('the shares are in force', () =>
      names.every((name) => sharesOf(house, name).includes('hot.1.keyshare')),
    )
    const paid = await pay(house)
    await house.pass(30_000)
    expect((await row(house))?.standing).toBe('unrefreshed')
    expect(['WAITING', 'AWAITING_APPROVAL', 'DENIED']).toContain(await house.state(paid))
    for (const name of names) expect(house.at(name).node.status().vaults).toEqual([])
    house.down = (_place, frame) => frame
    await house.until('refreshed', async () => (await row(house))?.standing === 'active')
    await pays(house)
  })
})

/** One share is one more than it should be, and lawfully sealed. */
function crookedly(given: readonly Signed[]): Dealing {
  const good = dealt(given)
  const [{ value, digest: named }] = openInvitations([given[1]!], {
    ...root,
    nodes: root.nodes.filter(({ node }) => node === 'signer-b'),
  }) as [ReturnType<typeof openInvitations>[0]]
  const context = { invitation: value, named, commitments: good.commitments }
  const wrong = sealShare(context, outside('no share'), outside('ephemeral'))
  return { ...good, shares: good.shares.map((one, at) => (at === 1 ? wrong : one)) }
}
