// Certificates of a whole cluster of real programs are exchanged while it pays: another authority,
// every certificate, the coordinator's key. No call fails on the way, and no stream is needed twice.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fund } from '../../cli/dev-chain.ts'
import { connect, type WireClient } from '../../proto/io/channel-client.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { light, nodes, pause, Stage, usdt } from '../demo/stage.ts'

const stage = new Stage()
const at = (...path: readonly string[]): string => join(stage.directory, ...path)
const text = (path: string): string => readFileSync(path, 'utf8')
const signers = [...nodes.map((node) => `nodes/${node}`), `witnesses/${light}`]
const people = ['people/ana', 'people/eli', 'services/svc-payouts', 'operator']
const programs = ['coordinator', ...nodes, light]

/** In one step, as an operator's tools do it: whoever reads meanwhile reads the old or the new. */
function put(path: string, content: string): void {
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}

function reconfigure(directory: string, change: (text: string) => string): void {
  const path = at(directory, 'config.json')
  put(path, change(text(path)))
}

interface Line {
  readonly msg: string
  readonly because?: string
}

function logOf(program: string): readonly Line[] {
  const lines = text(at('logs', `${program}.log`)).split('\n')
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
}

const count = (program: string, name: string): number =>
  logOf(program).filter(({ msg }) => msg === name).length

/** SIGHUP to these, until each says what became of it. */
async function reload(names: readonly string[], says = 'reloaded'): Promise<void> {
  const before = new Map(
    names.map((name) => [name, [says, 'link-open'].map((m) => count(name, m))]),
  )
  for (const name of names) process.kill(stage.child(name).pid, 'SIGHUP')
  for (const name of names) {
    const [said = 0, opened = 0] = before.get(name) ?? []
    await expect.poll(() => count(name, says), { timeout: 10_000 }).toBe(said + 1)
    // A node has a new stream by then, made with what it has just read.
    if (name === 'coordinator' || says !== 'reloaded') continue
    await expect.poll(() => count(name, 'link-open'), { timeout: 10_000 }).toBe(opened + 1)
  }
}

async function renewed(directory: string, role: string, ...more: readonly string[]) {
  const by = ['--ca-cert', at('next/ca.pem'), '--ca-key', at('next/ca.key')]
  const made = await stage.ask(
    'certificate',
    'renew',
    at(directory),
    '--role',
    role,
    ...by,
    ...more,
  )
  expect(made.exit, made.output).toBe(0)
  return made.json
}

let load: Awaited<ReturnType<typeof startLoad>>

/** Payments one after another, and a client that keeps its connection; every failure is kept. */
async function startLoad() {
  let isOver = false
  const failures: string[] = []
  const requests: string[] = []
  let [paid, asked] = [0, 0]
  const kept = keptClient()
  const pay = async (): Promise<void> => {
    while (!isOver) {
      paid += 1
      const amount = (1 + paid / 1_000).toFixed(3)
      const words = ['--vault', 'hot', '--asset', 'usdt', '--amount', amount, '--to']
      const to = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'
      const what = [...words, to, '--purpose', `rotation/${paid}`]
      const sent = await stage.ask('submit', ...what, ...stage.as('services/svc-payouts'))
      if (sent.json['id'] === undefined) failures.push(sent.output)
      else requests.push(String(sent.json['id']))
      await pause(50)
    }
  }
  const poll = async (): Promise<void> => {
    while (!isOver) {
      const wish = { id: requests.at(-1) ?? '', initiator: '', callerId: '' }
      asked += 1
      const answer = await kept.SigningService.GetRequest(wish).catch((error: unknown) => error)
      const isFine = answer instanceof Object && 'request' in answer
      if (wish.id !== '' && !isFine) failures.push(String(isRefusal(answer) ? answer.code : answer))
      await pause(50)
    }
  }
  const running = Promise.all([pay(), poll()])
  return {
    failures,
    requests,
    end: async () => {
      isOver = true
      await running
      kept.close()
      return { paid, asked }
    },
  }
}

/** As a service's own program: connected once, and not told of anything. */
function keptClient(): WireClient {
  const owner = at('services/svc-payouts')
  const { org, server } = JSON.parse(text(join(owner, 'config.json')))
  const [host = '', port] = String(server.address).split(':')
  const [cert, key] = ['caller.pem', 'caller.key'].map((file) => text(join(owner, 'tls', file)))
  const identity = { ca: text(at('shared/ca.pem')), cert: cert ?? '', key: key ?? '' }
  const known = { name: server.name, pin: server.pin, address: { host, port: Number(port) } }
  return connect({ identity, org, server: known, nowMs: Date.now })
}

beforeAll(async () => {
  await stage.init()
  await Promise.all(['chain', ...programs].map((name) => stage.start(name)))
  await stage.untilReady(...nodes, light)
  const made = await stage.ask('vault', 'create', 'hot', ...stage.as('operator'))
  expect(made.exit, made.output).toBe(0)
  const address = await stage.proveBackups('hot')
  await fund(stage.cluster.rpc, address, { wei: 10n ** 20n, token: 1_000_000n * usdt })
  load = await startLoad()
}, 120_000)
afterAll(() => stage.close())

describe('while a cluster pays', () => {
  it('another authority is trusted beside the old one', async () => {
    const made = await stage.ask('certificate', 'authority', at('next'), '--name', 'the next one')
    expect(made.exit, made.output).toBe(0)
    put(at('shared/ca.pem'), `${text(at('shared/ca.pem'))}\n${text(at('next/ca.pem'))}`)
    await reload(programs)
  })

  it('every certificate is renewed by the new authority, key by key the same', async () => {
    for (const directory of signers) {
      const pin = (await pinOf(directory, 'node')) as string
      expect(await renewed(directory, 'node')).toMatchObject({ pin, issuer: 'the next one' })
    }
    await renewed('coordinator', 'coordinator')
    await renewed('people/ana', 'caller')
    await renewed('services/svc-payouts', 'caller')
    await renewed('operator', 'operator')
    await reload(programs)
  })

  it('the coordinator gets a new key, which all know before it is used', async () => {
    const { pin } = await renewed('coordinator', 'coordinator', '--new-key')
    const old = String(await pinOf('coordinator', 'coordinator'))
    for (const directory of [...signers, ...people]) {
      reconfigure(directory, (was) => was.replace(`"${old}"`, `"${old}", "nextPin": "${pin}"`))
    }
    await reload([...nodes, light])
    for (const end of ['key', 'pem']) {
      renameSync(
        at(`coordinator/tls/coordinator.next.${end}`),
        at(`coordinator/tls/coordinator.${end}`),
      )
    }
    await reload(['coordinator'])
    for (const directory of [...signers, ...people]) {
      reconfigure(directory, (was) => was.replace(`"${old}", "nextPin": "${pin}"`, `"${pin}"`))
    }
    await reload([...nodes, light])
  })

  it('the old authority is trusted no more', async () => {
    put(at('shared/ca.pem'), text(at('next/ca.pem')))
    await reload(programs)
    const late = await stage.ask('vault', 'list', ...stage.as('people/eli'))
    expect(late.exit).toBe(3)
    const turnedAway = () =>
      logOf('coordinator').flatMap(({ msg, because }) => (msg === 'turned away' ? because : []))
    await expect
      .poll(turnedAway)
      .toContainEqual(expect.stringMatching(/no authority that is trusted/))
    await renewed('people/eli', 'approver')
    await renewed('people/eli', 'caller')
    expect((await stage.ask('vault', 'list', ...stage.as('people/eli'))).exit).toBe(0)
  })

  it('files that would not work are not used, and said to be so', async () => {
    const broken = ['coordinator/tls/coordinator.pem', 'nodes/node-1/tls/node.pem'].map((path) =>
      at(path),
    )
    const good = broken.map(text)
    for (const path of broken) put(path, text(at('next/ca.pem')))
    await reload(['coordinator'], 'reload.failed')
    await reload(['node-1'], 'reload-failed')
    for (const [index, path] of broken.entries()) put(path, good[index] ?? '')
    await reload(['coordinator', 'node-1'])
  })

  it('no call has failed, everything asked for is paid, and nothing stood still', async () => {
    const { paid, asked } = await load.end()
    expect(load.failures).toEqual([])
    expect(paid).toBeGreaterThan(5)
    expect(asked).toBeGreaterThan(paid)
    for (const id of load.requests) await stage.untilState(id, 'SETTLED')
    for (const program of programs) expect(stage.child(program).isRunning()).toBe(true)
  })
})

async function pinOf(directory: string, role: string): Promise<unknown> {
  return (await stage.ask('certificate', 'show', at(directory, 'tls', `${role}.pem`))).json['pin']
}
