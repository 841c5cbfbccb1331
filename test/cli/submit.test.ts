// submit, simulate, status, cancel: the intent is what was typed, proved documents only, and nothing
// is signed that would be refused at sight.

import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import {
  custody,
  makeCluster,
  type Place,
  payee,
  payout,
  type TestWorld,
  testWorld,
} from '../kit/cluster.ts'
import { hotAddress } from '../kit/cluster-vault.ts'
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

const ana = (words: readonly string[], world?: TestWorld) =>
  custody(place, 'people/ana', words, world)
const bot = (words: readonly string[]) => custody(place, 'services/svc-payouts', words)

async function submitted(amount = '2000', id = `w-${Math.random()}`): Promise<string> {
  const { json } = await bot(['submit', ...payout, '--amount', amount, '--id', id])
  return json.id
}

/** As `eth_signTypedData_v4` takes it: capitals, hex numbers, the domain's own type. */
const walletPermit = {
  types: {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'chainId', type: 'uint256' },
      { name: 'verifyingContract', type: 'address' },
    ],
    Permit: [
      { name: 'spender', type: 'address' },
      { name: 'value', type: 'uint256' },
      { name: 'data', type: 'bytes' },
    ],
  },
  primaryType: 'Permit',
  domain: { name: 'N', chainId: 31_337, verifyingContract: payee },
  message: { spender: payee, value: '1000000000000000000', data: '0xAB' },
}

describe('submit', () => {
  it('signs an intent in base units for a record of the book', async () => {
    const { exit, json } = await bot(['submit', ...payout, '--amount', '2000.5', '--id', 'w-1'])
    expect(exit).toBe(0)
    const { signed } = house.requests.get(json.id)!
    expect(signed.credential).toBe('svc-payouts-1')
    const intent = JSON.parse(signed.document)
    expect(intent).toMatchObject({
      amount: '2000500000',
      to: payee.toLowerCase(),
      op: 'erc20.transfer',
      network: 'eip155:31337',
      maxFee: '50000000000000000',
      initiator: 'svc-payouts',
      id: 'w-1',
    })
    expect(intent.dest).toMatch(/^[0-9a-f]{64}$/)
  })

  it('pays the native coin, and an own vault without a record', async () => {
    const coin = ['--vault', 'hot', '--asset', 'eth-native', '--to', payee, '--purpose', 'p']
    const native = await bot(['submit', ...coin, '--amount', '0.1', '--max-fee', '0.001'])
    const intent = JSON.parse(house.requests.get(native.json.id)!.signed.document)
    expect(intent).toMatchObject({ op: 'evm.transfer', contract: '', maxFee: '1000000000000000' })
    const own = ['--vault', 'warm', '--asset', 'usdt', '--to-vault', 'hot', '--purpose', 'refill']
    const refill = await ana(['submit', ...own, '--amount', '1'])
    expect(JSON.parse(house.requests.get(refill.json.id)!.signed.document)).toMatchObject({
      to: hotAddress,
      dest: '',
      initiator: 'ana',
    })
  })

  it('pays an address below an own vault, derived here from its key', async () => {
    const own = ['--vault', 'warm', '--asset', 'eth-native', '--purpose', 'gas', '--amount', '1']
    const at = [...own, '--to-vault', 'hot', '--to-path', 'm/1/17']
    const { json } = await ana(['submit', ...at])
    const { dest, toPath, to } = JSON.parse(house.requests.get(json.id)!.signed.document)
    expect({ dest, toPath }).toEqual({ dest: '', toPath: 'm/1/17' })
    expect(to).toMatch(/^0x[0-9a-f]{40}$/)
    expect(to).not.toBe(hotAddress)
    expect((await ana(['show', json.id])).json.text).toContain('hot: hot m/1/17\n')
    expect(await ana(['submit', ...own, '--to', payee, '--to-path', 'm/1'])).toMatchObject({
      exit: 2,
    })
  })

  it('asks for a contract call as it is shown, with no coin unless some is named', async () => {
    const call = `approve(address spender = 0x${'22'.repeat(20)}, uint256 value = 5)`
    const words = ['--vault', 'hot', '--asset', 'eth-native', '--to', payee, '--purpose', 'p']
    const { json } = await bot(['submit', ...words, '--call', call])
    const intent = JSON.parse(house.requests.get(json.id)!.signed.document)
    expect(intent).toMatchObject({ op: 'evm.call', call, amount: '0', contract: '' })
    const some = await bot(['submit', ...words, '--call', 'deposit()', '--amount', '0.5'])
    const paid = JSON.parse(house.requests.get(some.json.id)!.signed.document)
    expect(paid).toMatchObject({ call: 'deposit()', amount: '500000000000000000' })
    const wrong = await bot(['submit', ...payout, '--call', 'deposit()'])
    expect(wrong).toMatchObject({ exit: 2 })
    const hidden = await bot(['submit', ...words, '--call', 'multicall(bytes32[] data = [])'])
    expect(hidden.json.refused).toMatchObject({ code: 'OP_NOT_ALLOWED' })
  })

  it('asks for a declaration, and for typed data as wallets are given it', async () => {
    const file = place.path('services/svc-payouts/message')
    const asks = async (content: string, ...more: readonly string[]) => {
      writeFileSync(file, content)
      return bot(['submit', '--vault', 'hot', '--message', file, '--purpose', 'p', ...more])
    }
    const intentOf = ({ json }: { json: { id: string } }) =>
      JSON.parse(house.requests.get(json.id)!.signed.document)
    const said = intentOf(await asks('This address is ours: 7f3a\n'))
    const message = '{"declaration":"This address is ours: 7f3a"}'
    const shared = { op: 'evm.message', amount: '0', maxFee: '0', contract: '' }
    expect(said).toMatchObject({ ...shared, message, to: hotAddress, dest: '' })

    const typed = JSON.stringify(walletPermit)
    const permit = intentOf(await asks(typed))
    expect(permit).toMatchObject({ ...shared, to: payee.toLowerCase(), asset: 'eth-native' })
    expect(permit.dest).toMatch(/^[0-9a-f]{64}$/)
    expect(JSON.parse(permit.message)).toMatchObject({
      domain: { chainId: '31337', verifyingContract: payee.toLowerCase() },
      message: { spender: payee.toLowerCase(), value: '1000000000000000000', data: '0xab' },
    })
    expect(await asks(typed, '--amount', '1')).toMatchObject({ exit: 2 })
    const refused = async (content: string, code: string) =>
      expect((await asks(content)).json.refused, content).toMatchObject({ code })
    await refused(typed.replace('"name":"N"', '"name":"N","salt":"0x00"'), 'INVALID_INTENT')
    await refused(typed.replace('"type":"bytes"', '"type":"byte"'), 'BYTES_SHAPE')
    await refused(typed.replace('1000000000000000000', '1e18'), 'INVALID_INTENT')
    await refused(typed.replace('"value":"', '"other":"'), 'INVALID_INTENT')
    await refused(
      typed.replace('uint256"},{"name":"verify', 'uint8"},{"name":"verify'),
      'INVALID_INTENT',
    )
    await refused('0xdeadbeef', 'BYTES_SHAPE')
    await refused('{', 'INVALID_INTENT')
  })

  it('asks for a cancel by the id of what it cancels, and by nothing else', async () => {
    const id = await submitted()
    const cancel = (...more: readonly string[]) =>
      bot(['submit', '--cancel', id, '--purpose', 'stuck', ...more])
    const { json } = await cancel('--max-fee', '0.001')
    const payment = JSON.parse(house.requests.get(id)!.signed.document)
    const { vault, path, network } = payment
    expect(JSON.parse(house.requests.get(json.id)!.signed.document)).toMatchObject({
      ...{ op: 'evm.cancel', cancels: id, vault, path, network, to: hotAddress, dest: '' },
      ...{ amount: '0', maxFee: '1000000000000000', asset: 'eth-native', contract: '' },
    })
    expect(await cancel('--vault', 'hot')).toMatchObject({ exit: 2 })
    const none = await bot(['submit', '--cancel', 'ab'.repeat(32), '--purpose', 'p'])
    expect(none.json.refused).toMatchObject({ code: 'REQUEST_NOT_FOUND' })
  })

  it('sends a record that a service attested', async () => {
    const book = JSON.parse(readFileSync(place.path('shared/book-customer.json'), 'utf8'))
    const address = `0x${'ab'.repeat(20)}`
    const document = JSON.stringify({ ...book.records[0], address })
    const record = { credential: 'svc-payouts-1', document, signature: '00'.repeat(64) }
    const file = place.path('services/svc-payouts/record.json')
    writeFileSync(file, JSON.stringify(record))
    const words = ['--vault', 'hot', '--asset', 'usdt', '--to', address, '--purpose', 'p']
    const { exit, json } = await bot(['submit', ...words, '--amount', '5', '--record', file])
    expect(exit).toBe(0)
    expect(Buffer.from(house.requests.get(json.id)!.record).toString()).toBe(document)
  })

  it('refuses before it signs: unknown names, a wrong checksum, too many decimals', async () => {
    const before = house.requests.size
    const refused = async (change: readonly string[], code: string, exit = 1) => {
      const answer = await bot(['submit', ...payout, '--amount', '1', ...change])
      expect(answer).toMatchObject({ exit, json: { refused: { code } } })
    }
    await refused(['--vault', 'lukewarm'], 'INVALID_INTENT')
    await refused(['--asset', 'doge'], 'INVALID_INTENT')
    await refused(['--to', payee.replace('C8', 'c8')], 'INVALID_INTENT')
    await refused(['--to', `0x${'12'.repeat(20)}`], 'DEST_UNKNOWN')
    await refused(['--to-vault', 'cold'], 'VAULT_NOT_FOUND')
    await refused(['--amount', '1.0000001'], 'INVALID_POLICY')
    await refused(['--amount', '0'], 'INVALID_INTENT')
    await refused(['--path', "m/0'"], 'MALFORMED', 2)
    expect(house.requests.size).toBe(before)
  })

  it('refuses documents that are not those under the pinned root', async () => {
    const honest = readFileSync(place.path('shared/policy.json'), 'utf8')
    for (const [from, into, because] of [
      ['"decimals":6', '"decimals":9', /policy: expected/],
      ['"version":1', '"version":2', /policy: expected/],
    ] as const) {
      house.lies.PolicyService = {
        GetRuleset: async () => ({
          ruleset: '',
          root: readFileSync(place.path('shared/root.json')),
          policy: Buffer.from(honest.replace(from, into)),
          directory: readFileSync(place.path('shared/directory.json')),
          books: [],
          roots: [],
        }),
      }
      const { exit, json } = await bot(['submit', ...payout, '--amount', '1'])
      expect(exit).toBe(1)
      expect(json.refused).toMatchObject({ code: 'RULESET_VERSION' })
      expect(json.refused.because).toMatch(because)
    }
  })
})

describe('simulate, status, cancel', () => {
  it('say what the coordinator says', async () => {
    const id = await submitted('3000', 'w-status')
    expect(await bot(['simulate', ...payout, '--amount', '2000'])).toMatchObject({
      exit: 0,
      json: { result: 'NEED', missing: ['1 ops'] },
    })
    expect((await bot(['status', id])).json).toMatchObject({ id, state: 'AWAITING_APPROVAL' })
    expect((await bot(['status', '--id', 'w-status'])).json.id).toBe(id)
    expect((await bot(['cancel', id])).exit).toBe(0)
  })

  it('exit 1 for a no, 2 for a question that makes no sense', async () => {
    expect(await bot(['status', 'f'.repeat(64)])).toMatchObject({
      exit: 1,
      json: { refused: { code: 'REQUEST_NOT_FOUND' } },
    })
    expect((await bot(['status'])).exit).toBe(2)
    expect((await bot(['status', 'xyz'])).exit).toBe(2)
    house.lies.SigningService = {
      SimulateIntent: async () => ({
        result: 'DENY',
        rule: '',
        reasons: [{ code: 'RULE', rule: 'r', because: 'no rule matches' }],
        missing: [],
        trace: new Uint8Array(0),
      }),
    }
    const denied = await run(
      ['simulate', ...payout, '--amount', '1', '--as', place.path('services/svc-payouts')],
      testWorld(),
    )
    expect(denied).toMatchObject({ exit: 1, stderr: 'DENY\n  RULE r: no rule matches\n' })
  })

  it('refuse an intent that is not the one asked for', async () => {
    const id = await submitted('10')
    const { request } = house.requests.get(id)!
    house.lies.SigningService = {
      GetRequest: async () => ({ request: { ...request, id: 'a'.repeat(64) } }),
    }
    expect((await bot(['status', id])).json.refused.because).toMatch(/got another/)
    house.lies.SigningService = { GetRequest: async () => ({ request: null }) }
    expect((await bot(['status', id])).json.refused.code).toBe('REQUEST_NOT_FOUND')
  })
})
