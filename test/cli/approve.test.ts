// pending, show, approve, reject: what is signed is what was shown, and nothing is said to be so
// before it is proved.

import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkCode } from '../../cli/show.ts'
import { openSigned } from '../../policy/approval.ts'
import { displayDigest } from '../../policy/display.ts'
import { parseRoster } from '../../policy/roster.ts'
import { parseDigest } from '../../proto/ids.ts'
import { refusal } from '../../proto/refusal.ts'
import {
  custody,
  makeCluster,
  type Place,
  payee,
  payout,
  type TestWorld,
  testWorld,
} from '../kit/cluster.ts'
import { vaultOf } from '../kit/cluster-vault.ts'
import { type FakeCoordinator, fakeCoordinator } from '../kit/coordinator.ts'
import { freePort } from '../kit/ports.ts'

let place: Place
let house: FakeCoordinator
beforeAll(async () => {
  place = await makeCluster(await freePort())
  house = await fakeCoordinator(place)
})
afterAll(async () => {
  await house.close()
  place.remove()
})
beforeEach(() => house.beHonest())

/** Another key than that of every vault here. */
const twice = '02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5'
const ana = (words: readonly string[], world?: TestWorld) =>
  custody(place, 'people/ana', words, world)
const bot = (words: readonly string[]) => custody(place, 'services/svc-payouts', words)

async function submitted(amount = '2000', id = `w-${Math.random()}`): Promise<string> {
  const { json } = await bot(['submit', ...payout, '--amount', amount, '--id', id])
  return json.id
}

describe('pending and show', () => {
  it('render the intent here, with its check code', async () => {
    const id = await submitted('2000')
    const { json } = await ana(['pending'])
    const mine = json.pending.find((item: { id: string }) => item.id === id)
    expect(mine).toMatchObject({ amount: '2000 USDT', vault: 'hot', rule: 'payout-mid' })
    expect(mine.check).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/)
    const shown = await ana(['show', id])
    expect(shown.json.text).toContain('TRANSFER  2000.000000 USDT\n')
    expect(shown.json.text).toContain(
      `TO        ${payee.toLowerCase()}\n          customer: cust-1\n`,
    )
    expect(shown.json.display).toBe(displayDigest(shown.json.text))
  })

  it('show an own vault by its key', async () => {
    const own = ['--vault', 'warm', '--asset', 'usdt', '--to-vault', 'hot', '--purpose', 'refill']
    const { json } = await ana(['submit', ...own, '--amount', '1'])
    expect((await ana(['show', json.id])).json.text).toContain('hot: hot\n')
    house.lies.VaultService = { ListVaults: async () => ({ vaults: [] }) }
    expect((await ana(['show', json.id])).json.refused.code).toBe('DEST_UNKNOWN')
  })

  it('do not show an own vault under another name, whatever the coordinator calls it', async () => {
    const own = ['--vault', 'hot', '--asset', 'usdt', '--to-vault', 'hot', '--purpose', 'refill']
    const { json } = await ana(['submit', ...own, '--amount', '3'])
    const [hot, warm] = [vaultOf(place, 'hot'), vaultOf(place, 'warm', twice)]
    const said = async (listed: object, got: (vault: string) => object) => {
      house.lies.VaultService = {
        ListVaults: async () => ({ vaults: [{ ...hot, ...listed }] }),
        GetVault: async ({ vault }) => ({ vault: { ...hot, ...got(vault) } }),
      }
      const shown = await ana(['show', json.id])
      return shown.json.refused?.code ?? shown.json.text.match(/hot: hot|warm: warm/)?.[0]
    }
    expect(await said({}, () => hot)).toBe('hot: hot')
    // The key of hot, called warm; with warm's own line, without one, and with that of hot.
    expect(await said({ vault: 'warm' }, () => warm)).toBe('DEST_UNKNOWN')
    const none = { vault: 'warm', line: new Uint8Array(0) }
    expect(await said({ vault: 'warm' }, () => none)).toBe('DEST_UNKNOWN')
    expect(await said({ vault: 'warm' }, () => ({ vault: 'warm' }))).toBe('BYTES_FROM')
  })

  it('know the vector of the check code', () => {
    expect(checkCode(parseDigest(`${'0'.repeat(9)}1${'0'.repeat(54)}`))).toBe('0000-0001')
    expect(checkCode(parseDigest('f'.repeat(64)))).toBe('ZZZZ-ZZZZ')
  })

  it('refuse a package that is not what it says', async () => {
    const [id, other] = [await submitted('2100'), await submitted('2200')]
    const honest = house.requests.get(id)!
    const send = async (change: object): Promise<string> => {
      const { signed, record } = honest
      const { credential, document, signature } = signed
      house.lies.ApprovalService = {
        GetApprovalPackage: async () => ({
          intent: { credential, document: Buffer.from(document), signature },
          record,
          policy: new Uint8Array(0),
          directory: new Uint8Array(0),
          rule: 'payout-mid',
          decisions: [],
          state: '',
          plan: new Uint8Array(0),
          held: '',
          ...change,
        }),
      }
      return (await ana(['show', id])).json.refused?.code ?? 'shown'
    }
    expect(await send({})).toBe('shown')
    expect(await send({ held: 'FROZEN N4: frozen: cold' })).toBe('shown')
    expect((await ana(['show', id])).json.held).toBe('FROZEN N4: frozen: cold')
    expect(await send({ rule: 'payout-none' })).toBe('DISPLAY')
    expect(await send({ record: new Uint8Array(0) })).toBe('DEST_UNKNOWN')
    const book = JSON.parse(readFileSync(place.path('shared/book-customer.json'), 'utf8'))
    expect(await send({ record: Buffer.from(JSON.stringify(book.records[1])) })).toBe(
      'DEST_UNKNOWN',
    )
    const wire = (change: object) => {
      const { credential, document, signature } = honest.signed
      return { intent: { credential, document: Buffer.from(document), signature, ...change } }
    }
    expect(await send(wire({ signature: new Uint8Array(64) }))).toBe('INTENT_SIG')
    expect(await send(wire({ credential: 'nobody-1' }))).toBe('INTENT_SIG')
    expect(await send(wire({ credential: 'ana-1' }))).toBe('INTENT_SIG')
    const swapped = house.requests.get(other)!.signed
    const document = Buffer.from(swapped.document)
    expect(await send(wire({ document, signature: swapped.signature }))).toBe('APPROVAL_INTENT')
  })
})

describe('approve and reject', () => {
  const typed = ['17dc79c8', '2000']

  it('sign what was shown, and say effective when it is proved', async () => {
    const id = await submitted('2000')
    const world = testWorld([typed[0]!.slice(2), typed[1]!])
    const { exit, json } = await ana(['approve', id], world)
    expect(exit).toBe(0)
    expect(json).toMatchObject({ decision: 'approve', state: 'RESERVED' })
    expect(json.effective.witnesses).toEqual(['acme-dev/node-1', 'acme-dev/node-2'])
    expect(world.said[0]).toContain('TRANSFER  2000.000000 USDT')
    const roster = parseRoster(readFileSync(place.path('shared/directory.json'), 'utf8'))
    const { approval } = openSigned('approve', house.decisions.at(-1)!, roster, Date.now())
    expect(approval).toMatchObject({
      intent: id,
      as: 'ops',
      person: 'ana',
      rule: 'payout-mid',
      display: displayDigest(json.text),
    })
  })

  it('show a contract call argument by argument, and have its function typed again', async () => {
    const call = `approve(address spender = 0x${'22'.repeat(20)}, uint256 value = 5)`
    const words = ['--vault', 'hot', '--asset', 'eth-native', '--to', payee, '--purpose', 'p']
    const { json } = await bot(['submit', ...words, '--call', call])
    const world = testWorld(['dc79c8', 'approve', '0'])
    expect((await ana(['approve', json.id], world)).exit).toBe(0)
    expect(world.said[0]).toContain(
      `CALL      approve\n          address spender = 0x${'22'.repeat(20)}\n          uint256 value = 5\n`,
    )
    const before = house.decisions.length
    const wrong = await ana(['approve', json.id], testWorld(['dc79c8', 'aprove', '0']))
    expect(wrong.json.refused.because).toMatch(/function typed/)
    expect(house.decisions.length).toBe(before)
  })

  it('show a message whole, and have its type or its end typed again', async () => {
    const file = place.path('services/svc-payouts/message')
    const asks = async (content: string) => {
      writeFileSync(file, content)
      const words = ['--vault', 'hot', '--message', file, '--purpose', 'p']
      return (await bot(['submit', ...words])).json.id
    }
    const typed = await asks(
      JSON.stringify({
        types: { Vote: [{ name: 'yes', type: 'bool' }] },
        primaryType: 'Vote',
        domain: { name: 'N', chainId: 31_337, verifyingContract: payee },
        message: { yes: true },
      }),
    )
    const world = testWorld(['dc79c8', 'Vote'])
    expect((await ana(['approve', typed], world)).exit).toBe(0)
    expect(world.said[0]).toContain('SIGN      Vote\n          bool yes = true\nFOR       N\n')
    const wrong = await ana(['approve', typed], testWorld(['dc79c8', 'vote']))
    expect(wrong.json.refused.because).toMatch(/type typed/)

    const said = await asks('This address is ours: 7f3a')
    const whole = testWorld(['395bdf', ': 7f3a'])
    expect((await ana(['approve', said], whole)).exit).toBe(0)
    expect(whole.said[0]).toContain('DECLARE   1 line\n          | This address is ours: 7f3a\n')
    const before = house.decisions.length
    const other = await ana(['approve', said], testWorld(['395bdf', ': 7f3b']))
    expect(other.json.refused.because).toMatch(/declaration typed/)
    expect(house.decisions.length).toBe(before)
  })

  it('show what a cancel cancels, by its own bytes, and have its id typed again', async () => {
    const id = await submitted('2000')
    const { json } = await bot(['submit', '--cancel', id, '--purpose', 'stuck'])
    const world = testWorld([id.slice(-6)])
    expect((await ana(['approve', json.id], world)).exit).toBe(0)
    expect(world.said[0]).toMatch(/^CANCELS {3}2000 USDT, erc20.transfer, now [A-Z_]+\n/)
    expect(world.said[0]).toContain(`to ${payee.toLowerCase()}\n`)
    expect(world.said[0]).toContain(`CANCEL    ${id}\n`)
    const before = house.decisions.length
    const wrong = await ana(['approve', json.id], testWorld(['000000']))
    expect(wrong.json.refused.because).toMatch(/request to cancel typed/)
    // Another request under the id that the cancel names.
    const other = await submitted('3000')
    const kept = house.requests.get(id)!
    house.requests.set(id, house.requests.get(other)!)
    expect((await ana(['approve', json.id], world)).json.refused).toMatchObject({
      code: 'MALFORMED',
    })
    house.requests.set(id, kept)
    expect(house.decisions.length).toBe(before)
  })

  it('reject under the tag of a rejection', async () => {
    const id = await submitted('2000')
    const { json } = await ana(['reject', id, '--yes'])
    expect(json.state).toBe('REJECTED')
    const roster = parseRoster(readFileSync(place.path('shared/directory.json'), 'utf8'))
    expect(
      openSigned('reject', house.decisions.at(-1)!, roster, Date.now()).approval.decision,
    ).toBe('reject')
  })

  it('sign nothing when the person types another address or amount, or is not there', async () => {
    const id = await submitted('2000')
    const before = house.decisions.length
    const answer = async (answers: readonly string[]) => ana(['approve', id], testWorld(answers))
    expect((await answer(['dc79c9', '2000'])).json.refused.because).toMatch(/address typed/)
    expect((await answer(['dc79c8', '20000'])).json.refused.because).toMatch(/amount typed/)
    expect((await answer(['dc79c8', 'many'])).json.refused.because).toMatch(/amount typed/)
    expect((await answer([])).exit).toBe(2)
    expect(house.decisions.length).toBe(before)
  })

  it('take the role that the rule asks for, of those the person has', async () => {
    const id = await submitted('30000')
    expect((await ana(['approve', id, '--yes', '--role', 'treasury'])).json.refused.code).toBe(
      'APPROVAL_SCOPE',
    )
    const eli = await custody(place, 'people/eli', ['approve', id, '--yes'])
    expect(eli.exit).toBe(0)
    expect(JSON.parse(house.decisions.at(-1)!.document).as).toBe('treasury')
    const oli = await custody(place, 'people/oli', ['approve', id, '--yes'])
    expect(oli.json.refused.because).toMatch(/asks nobody in your roles/)
  })

  it('wait for the witnesses, and could not tell when they do not come', async () => {
    const id = await submitted('2000')
    house.cosigners = 0
    const world = testWorld()
    const late = ana(['approve', id, '--yes', '--wait', '20'], {
      ...world,
      pause: async () => {
        house.cosigners += 1
      },
    })
    expect(await late).toMatchObject({ exit: 0, json: { effective: {} } })
    house.cosigners = 1
    const never = await ana(['reject', id, '--yes', '--wait', '0'])
    expect(never).toMatchObject({ exit: 3 })
    expect(never.json.unavailable).toMatch(/recorded, but not yet witnessed/)
    expect((await ana(['approve', id, '--yes', '--wait', 'x'])).exit).toBe(2)
  })

  it('refuse a proof that proves something else', async () => {
    const id = await submitted('2000')
    const lie = async (change: object) => {
      house.lies.ApprovalService = {
        SubmitDecision: async (request) => {
          return { ...(await recorded(request)), ...change } as never
        },
      }
      return (await ana(['approve', id, '--yes', '--wait', '0'])).json.refused
    }
    expect(await lie({})).toBeUndefined()
    const [first] = house.entries
    expect((await lie({ seq: 0, entry: first!.bytes })).because).toMatch(/got log.genesis/)
    expect((await lie({ seq: 1 })).because).toMatch(/expected the one about this document/)
    expect((await lie({ proof: [] })).because).toMatch(/does not lead to the witnessed root/)
    const stranger = await fakeCheckpoint()
    expect((await lie({ checkpoint: stranger })).because).toMatch(/not signed by acme-dev\/log/)
  })

  it('refuse a line that says anything else than what was signed', async () => {
    const id = await submitted('2000')
    for (const [field, value] of Object.entries({
      approval: 'a'.repeat(64),
      intent: 'a'.repeat(64),
      person: 'bo',
      rule: 'payout-large',
    })) {
      house.lies.ApprovalService = {
        SubmitDecision: async (request) => {
          const honest = await recorded(request)
          const line = Buffer.from(honest.entry).toString()
          const written = line.replace(new RegExp(`"${field}":"[^"]+"`), `"${field}":"${value}"`)
          return { ...honest, entry: Buffer.from(written) } as never
        },
      }
      const { json } = await ana(['approve', id, '--yes', '--wait', '0'])
      expect(json.refused.because, field).toMatch(/expected the one about this document/)
    }
  })

  it('refuse a decision before whose line nothing created the request', async () => {
    const id = await submitted('2000')
    const at = house.entries.findIndex((entry) => Buffer.from(entry.bytes).includes(id))
    const because = async (change: (bytes: Buffer) => Buffer): Promise<string | undefined> => {
      house.lies.AuditService = {
        ReadEntries: async (request) => {
          const { entries } = (await house.honest.AuditService.ReadEntries(
            request,
            undefined as never,
          )) as { entries: Uint8Array[] }
          const shown = entries.map((bytes, index) =>
            request.fromSeq + index === at ? change(Buffer.from(bytes)) : bytes,
          )
          return { entries: shown.filter((bytes) => bytes.length > 0) }
        },
      }
      return (await ana(['reject', id, '--yes', '--wait', '0'])).json.refused?.because
    }
    expect(await because((bytes) => bytes)).toBeUndefined()
    const edited = (from: RegExp, to: string) => (bytes: Buffer) =>
      Buffer.from(bytes.toString().replace(from, to))
    const other = edited(/"intent":"[^"]+"/, `"intent":"${'b'.repeat(64)}"`)
    expect(await because(other)).toMatch(/no line before it created the request/)
    expect(await because(edited(/"vault":"[^"]+"/, '"vault":"warm"'))).toMatch(/vault is not that/)
    const renamed = edited(/"actor":"[^"]+"/, '"actor":"somebody"')
    expect(await because(renamed)).toMatch(/does not lead to the witnessed root/)
    expect(await because(edited(/"seq":\d+/, '"seq":0'))).toMatch(/does not lead|was not shown/)
    house.lies.AuditService = { ReadEntries: async () => ({ entries: [] }) }
    const silent = await ana(['reject', id, '--yes', '--wait', '0'])
    expect(silent.json.refused.because).toMatch(/was not shown/)
  })

  it('pass on a no', async () => {
    const id = await submitted('2000')
    house.lies.ApprovalService = {
      SubmitDecision: async () => refusal('REQUEST_ENDED', 'request is EXPIRED'),
    }
    const { exit, json } = await ana(['approve', id, '--yes'])
    expect(exit).toBe(1)
    expect(json.refused).toMatchObject({ code: 'REQUEST_ENDED', retry: 'NEW_INTENT' })
  })

  type Reply = { readonly entry: Uint8Array }
  type Request = Parameters<FakeCoordinator['honest']['ApprovalService']['SubmitDecision']>[0]
  async function recorded(request: Request): Promise<Reply> {
    const { ApprovalService } = house.honest
    return (await ApprovalService.SubmitDecision(request, undefined as never)) as Reply
  }

  async function fakeCheckpoint(): Promise<Uint8Array> {
    const { checkpoint } = (await house.honest.AuditService.GetCheckpoint(
      {},
      undefined as never,
    )) as { checkpoint: Uint8Array }
    const text = Buffer.from(checkpoint).toString()
    return Buffer.from(text.replaceAll('acme-dev/log', 'evil-dev/log'))
  }
})
