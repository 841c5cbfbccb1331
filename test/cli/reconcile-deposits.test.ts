// audit collect over deposit addresses, on a real EVM node: those at which nothing ever happened,
// those at which something lies, and one whose key paid outside of the log.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../cli/run.ts'
import { parseChainFile } from '../../policy/audit/chain-file.ts'
import { parseEntry } from '../../policy/audit/entry.ts'
import { writeExport } from '../../policy/audit/export.ts'
import { paidOn } from '../../policy/audit/paid.ts'
import { addressAt } from '../../policy/chain/address.ts'
import { depositPath } from '../../policy/deposit-path.ts'
import { type Anvil, anvilInstalled, startAnvil } from '../kit/anvil.ts'
import { otherCustomer } from '../kit/audit-documents.ts'
import { testedBody, vaultRow } from '../kit/audit-log.ts'
import { goodStory, trust } from '../kit/audit-story.ts'
import { testWorld } from '../kit/cluster.ts'
import { type LyingProxy, lyingProxy } from '../kit/lying-proxy.ts'
import { giveToken, putToken } from '../kit/token-state.ts'

const network = 'eip155:31337'
const row = vaultRow('hot-eth')
const at = (index: number) => addressAt(network, row, depositPath(index))
const room = mkdtempSync(join(tmpdir(), 'custody-deposits-'))
const directory = join(room, 'export')
const [trustFile, endpointsFile] = ['trust.txt', 'endpoints.json'].map((name) => join(room, name))
const story = goodStory()
for (const node of ['node-a', 'node-b', 'node-c']) {
  if (story.log.outcome('addresses.opened', { vault: row.vault, from: 0, count: 1 }) === 'folded')
    break
  story.log.add('key.backup-tested', testedBody(row, node))
}
story.log.add('addresses.opened', { vault: row.vault, from: 0, count: 256 })
story.log.add('addresses.opened', { vault: row.vault, from: 256, count: 44 })
const exported = story.export()
const nowMs = story.log.t + 10_000
const [token = ''] = paidOn(network, exported.lines.map(parseEntry), exported.blobs).tokens
const coin = 10n ** 18n

let anvil: Anvil
let proxy: LyingProxy
beforeAll(async () => {
  writeFileSync(trustFile!, trust)
  for (const [path, content] of writeExport(exported)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), content)
  }
  if (!anvilInstalled) return
  anvil = await startAnvil(31337, ['--no-mining'])
  proxy = await lyingProxy(anvil.url)
  const rpc = [anvil.url, proxy.url]
  const chains = [{ network, rpc, confirmations: 0 }]
  writeFileSync(endpointsFile!, JSON.stringify({ format: 'custody-endpoints/v1', chains }))
  await putToken(anvil, token)
  await giveToken(anvil, { token, to: at(7), amount: 5_000_000n })
  await anvil.call('anvil_setBalance', [at(7), '0x5'])
  await anvil.call('anvil_setBalance', [at(299), `0x${coin.toString(16)}`])
  await anvil.call('anvil_mine', ['0x9'])
})
afterAll(async () => {
  await proxy?.close()
  await anvil?.stop()
  rmSync(room, { recursive: true })
})

async function custody(...words: readonly string[]) {
  const world = testWorld([], { nowMs: () => nowMs, pause: async () => {} })
  const { exit, stdout } = await run([...words, '--json'], world)
  return { exit, json: JSON.parse(stdout || '{}') }
}

/** From block 8 on: the payments of the log lie before it, and are not on this chain. */
const collecting = (out: string) =>
  custody(
    ...['audit', 'collect', directory, '--network', network, '--endpoints', endpointsFile!],
    ...['--from', '8', '--out', join(room, out)],
  )
const comparing = (chain: string) =>
  custody(...['audit', 'reconcile', directory, '--trust', trustFile!, '--chain', join(room, chain)])

/** As whoever has its key could. */
async function paidFrom(from: string, value: bigint): Promise<void> {
  await anvil.call('anvil_impersonateAccount', [from])
  const price = `0x${(10n ** 10n).toString(16)}`
  const sum = `0x${value.toString(16)}`
  const payment = { from, to: otherCustomer, value: sum, gas: '0x5208', gasPrice: price }
  await anvil.call('eth_sendTransaction', [payment])
  await anvil.call('anvil_mine', ['0x1'])
}

describe.skipIf(!anvilInstalled)('audit reconcile of deposit addresses', () => {
  it('looks at each that the log has opened, and sums up what lies there', async () => {
    const collected = await collecting('calm.json')
    expect(collected).toMatchObject({ exit: 0, json: { deposits: 300, transactions: 0 } })
    const file = parseChainFile(readFileSync(join(room, 'calm.json')))
    expect(file.deposits).toMatchObject([{ vault: 'hot-eth', until: 300, listed: 0 }])
    const { exit, json } = await comparing('calm.json')
    expect(json.report.findings).toEqual([])
    expect(exit).toBe(0)
    expect(json.holdings).toEqual([
      { contract: '', addresses: 2, amount: `${coin + 5n}` },
      { contract: token, addresses: 1, amount: '5000000' },
    ])
  })

  it('asks as many questions in a message as may be, and one by one where a host takes one', async () => {
    proxy.takesOne = true
    expect((await collecting('singly.json')).exit).toBe(0)
    proxy.takesOne = false
    const [calm, singly] = ['calm.json', 'singly.json'].map((n) => readFileSync(join(room, n)))
    expect(singly).toEqual(calm)
  })

  it('exits 6 where the key of one that never paid signed outside the log', async () => {
    await paidFrom(at(299), 7n)
    expect(await collecting('stolen.json')).toMatchObject({ exit: 0, json: { transactions: 1 } })
    const { exit, json } = await comparing('stolen.json')
    expect(exit).toBe(6)
    expect(json.report.findings).toMatchObject([
      { code: 'NONCE', because: expect.stringContaining(`${at(299)} signed 0x`) },
    ])
    expect(json.report.findings[0].because).toMatch(/nonce 0, 7 to 0x.*no line has it/)
    expect((await comparing('calm.json')).exit).toBe(0)
  })

  it('collects nothing of which two endpoints say different things', async () => {
    for (const [method, lie] of [
      [
        'eth_getTransactionCount',
        (n: unknown, [address]: readonly unknown[]) => (address === at(299) ? '0x0' : n),
      ],
      [
        'eth_getBalance',
        (n: unknown, [address]: readonly unknown[]) => (address === at(299) ? '0x1' : n),
      ],
      ['eth_getTransactionCount', () => ({})],
    ] as const) {
      proxy.lies = { [method]: lie }
      const { exit, json } = await collecting('two.json')
      expect({ method, exit }).toEqual({ method, exit: 3 })
      expect(json.unavailable).toMatch(/expected 2 endpoints that say the same/)
    }
    proxy.lies = {}
  })
})
