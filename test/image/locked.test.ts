// A node that was started locked, as a real process: it says so, opens nothing, refuses a wrong
// passphrase, shows no share in its image, and runs once the right one was brought. After that its
// passphrase stands nowhere in the image either.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseDigest, parseVaultId } from '../../proto/ids.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { Keystore } from '../../signer-node/keystore.ts'
import { makeCluster, type Place } from '../kit/cluster.ts'
import { canReadImages, findInImage } from '../kit/core-image.ts'
import { dealKey } from '../kit/dealt.ts'
import { testBackups } from '../kit/recovery.ts'

const program = join(import.meta.dirname, '../../signer-node/main.ts')
const portBase = 33_000 + (process.pid % 8_000)

let place: Place
let config: string
let child: ChildProcess
let share: Uint8Array
let printed = ''
beforeAll(async () => {
  place = await makeCluster(portBase)
  config = place.path('nodes/node-1/config.json')
  share = sealOne()
  child = spawn(process.execPath, [program, '--config', config, '--locked'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk
  })
  await said('locked: signer node-1')
})
afterAll(() => {
  child.kill('SIGKILL')
  place.remove()
})

const passphrase = (): Buffer => readFileSync(place.path('nodes/node-1/credential')).subarray(0, -1)

/** A sealed share in the node's directory, as after a key was made. */
function sealOne(): Uint8Array {
  const curve = nativeCurve()
  const { keyshares } = dealKey(curve, { xs: [1, 2, 3], threshold: 2, seed: `${process.pid}` })
  const keyshare = keyshares.get(parseParty(1))!
  const { org, env, node, x } = JSON.parse(readFileSync(config, 'utf8'))
  const directory = place.path('nodes/node-1/data/keyshares')
  const backups = place.path('nodes/node-1/elsewhere')
  for (const made of [directory, backups]) mkdirSync(made, { recursive: true, mode: 0o700 })
  const random = (length: number) => Uint8Array.from(Buffer.alloc(length, 7))
  const owner = { org, env, node, x }
  const store = new Keystore(directory, owner, {
    passphrase: new Secret(Uint8Array.from(passphrase())),
    random,
    cost: { n: 2 ** 15, r: 8, p: 1 },
    curve,
    backups: testBackups(backups, owner, random),
  })
  store.keepPending(parseVaultId('hot'), keyshare, parseDigest('ab'.repeat(32)))
  return keyshare.secretShare.bytes.slice()
}

async function said(word: string): Promise<void> {
  for (let waited = 0; !printed.includes(word); waited += 50) {
    if (child.exitCode !== null || waited > 50_000) throw new Error(`expected ${word}: ${printed}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function get(path: string): Promise<string> {
  const { healthListen } = JSON.parse(readFileSync(config, 'utf8')) as { healthListen: string }
  const answer = await fetch(`http://${healthListen}${path}`)
  return `${answer.status} ${await answer.text()}`
}

/** One line to the operator's socket. */
function ask(line: string): Promise<unknown> {
  const { adminSocket } = JSON.parse(readFileSync(config, 'utf8')) as { adminSocket: string }
  return new Promise((resolve, reject) => {
    const socket = createConnection(join(place.path('nodes/node-1'), adminSocket), () => {
      socket.write(line)
    })
    socket.once('error', reject)
    socket.once('close', () => resolve('hung up'))
    socket.once('data', (answer: Buffer) => {
      resolve(JSON.parse(answer.toString()))
      socket.destroy()
    })
  })
}

function unlock(...words: readonly string[]) {
  const all = [program, 'unlock', '--config', config, ...words]
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' })
  return { status, text: stdout + stderr }
}

describe('a locked node', () => {
  it('is alive, is not ready, and says why', async () => {
    expect(await get('/livez')).toBe('200 alive\n')
    expect(await get('/readyz')).toBe('503 locked\n')
    expect(await get('/metrics')).toContain('custody_signer_state{state="locked"} 1')
    expect(await ask('{"do":"status"}\n')).toMatchObject({
      status: { node: 'node-1', state: 'locked', vaults: [] },
    })
  })

  it('refuses what it does not know, and hangs up on what never ends', async () => {
    for (const line of ['{"do":"freeze"}', 'unlock', '{"do":"unlock","credential":7}', 'null']) {
      expect(await ask(`${line}\n`)).toMatchObject({ refused: 'MALFORMED' })
    }
    expect(await ask('x'.repeat(5_000))).toBe('hung up')
  })

  it('stays locked after a wrong passphrase, one that others can read, and none', async () => {
    const file = place.path('nodes/node-1/wrong')
    writeFileSync(file, 'not the passphrase\n')
    chmodSync(file, 0o644)
    expect(unlock('--credential', file).text).toContain('only its owner can read')
    chmodSync(file, 0o600)
    const told = unlock('--credential', file)
    expect([told.status, told.text]).toEqual([1, expect.stringContaining('does not open here')])
    expect(unlock('--credential', `${file}-none`).text).toContain('there is nothing')
    expect(await get('/readyz')).toBe('503 locked\n')
  })

  it.skipIf(!canReadImages)('has no share and no passphrase in its image', async () => {
    const secrets = new Map([
      ['share', share],
      ['passphrase', passphrase()],
    ])
    expect(await findInImage(child.pid!, secrets)).toEqual([])
    // The search sees this process: the digest that its configuration pins is there.
    const { root } = JSON.parse(readFileSync(config, 'utf8')) as { root: string }
    const control = new Map([['root', Buffer.from(root, 'hex')]])
    expect(await findInImage(child.pid!, control)).not.toEqual([])
  })

  it('runs when its operator brings the passphrase, and keeps it hidden from then on', async () => {
    const told = unlock()
    expect([told.status, told.text]).toEqual([0, expect.stringContaining('"state":"checking"')])
    await said('ready: signer node-1')
    expect(await get('/readyz')).toBe('503 checking\n')
    expect(await ask('{"do":"status"}\n')).toMatchObject({ status: { state: 'checking' } })
    if (!canReadImages) return
    const secrets = new Map([
      ['share', share],
      ['passphrase', passphrase()],
    ])
    expect(await findInImage(child.pid!, secrets)).toEqual([])
  })
})

describe('the words of a locked start', () => {
  it('are refused beside another source of the passphrase', () => {
    const words = [program, '--config', config, '--locked', '--credential', 'file']
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
    expect([status, stderr]).toEqual([2, expect.stringContaining('--locked')])
    const odd = unlock('--what')
    expect([odd.status, odd.text]).toEqual([2, expect.stringContaining('unlock --config')])
  })
})
