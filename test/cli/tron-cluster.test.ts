// The documents and configurations of a development cluster on the stand-in for Tron.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasStandIn, onTron, standInNetwork } from '../../cli/dev-tron.ts'
import { run } from '../../cli/run.ts'
import { parseCoordinatorConfig } from '../../coordinator/config.ts'
import { analyse, loadRulebook } from '../../policy/analyse.ts'
import { parseBook } from '../../policy/book.ts'
import { testWorld } from '../kit/cluster.ts'
import { tronToken } from '../kit/tron-chain.ts'
import { TronSim } from '../kit/tron-sim.ts'
import { handleOf } from '../policy/dev-fixture.ts'

let room: string
const made = (name: string, ...words: string[]) =>
  run([...words, join(room, name), '--port-base', '7500'], testWorld())
const read = (path: string) => readFileSync(join(room, path), 'utf8')

describe('a development cluster on the stand-in for Tron', () => {
  beforeAll(async () => {
    room = mkdtempSync(join(tmpdir(), 'custody-tron-cluster-'))
    expect(await made('tron', 'init', '--tron')).toMatchObject({ exit: 0 })
    expect(await made('evm', 'init')).toMatchObject({ exit: 0 })
  })
  afterAll(() => rmSync(room, { recursive: true }))

  it('is on the network that the stand-in always is, and on no other', () => {
    expect(hasStandIn()).toBe(true)
    expect(new TronSim({ now: Date.now }).network).toBe(standInNetwork)
    const config = parseCoordinatorConfig(read('tron/coordinator/config.json'), '/srv')
    expect(config.chains).toMatchObject([{ network: standInNetwork }])
  })

  it('has the rules of the other one, for TRX and a TRC-20 token', () => {
    const written = read('tron/shared/policy.json')
    expect(written).not.toMatch(/0x[0-9a-f]{40}|erc20|evm\.|eip155|[^a-z]eth[^a-z]|ETH/)
    const rulebook = loadRulebook(written)
    const evm = loadRulebook(read('evm/shared/policy.json'))
    expect(rulebook.rules.map(({ id }) => id)).toEqual(
      evm.rules.map(({ id }) => id.replace('payout-eth', 'payout-trx')),
    )
    expect(analyse(rulebook).map(({ check }) => check)).toEqual(
      analyse(evm).map(({ check }) => check),
    )
    const [coin, token] = ['trx-native', 'usdt'].map((id) => rulebook.assets.get(handleOf(id)))
    expect(coin).toMatchObject({ kind: 'native', decimals: 6, unit: 'TRX' })
    expect(token).toMatchObject({ kind: 'trc20', contract: onTron(`0x${tronToken}`) })
    const { records } = parseBook(read('tron/shared/book-customer.json'))
    expect([...records.values()].every(({ network }) => network === standInNetwork)).toBe(true)
  })

  it('is not made of what it has not, and not started as another', async () => {
    const said = async (...words: string[]) => {
      const { exit, stderr } = await run(words, testWorld())
      return `${exit} ${stderr}`
    }
    expect(await said('init', join(room, 'x'), '--tron', '--compose')).toMatch(/^2 .*one machine/s)
    expect(await said('dev', 'up', join(room, 'evm'), '--tron')).toMatch(/^2 .*give --chain/s)
    expect(await said('dev', 'up', join(room, 'tron'), '--chain')).toMatch(/^2 .*give --tron/s)
    const both = ['dev', 'up', join(room, 'x'), '--chain', '--tron']
    expect(await said(...both)).toMatch(/^2 .*expected one of them/s)
  })
})
