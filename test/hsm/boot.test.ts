import { spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseHandle } from '../../proto/ids.ts'
import { nodeKeyThing } from '../../proto/node-keys.ts'
import { parseSeal } from '../../proto/seal-file.ts'
import { parseTokenCard } from '../../proto/token-card.ts'
import type { SignerConfig } from '../../signer-node/config.ts'
import { resealNode, testNode } from '../../signer-node/hsm-files.ts'
import { openNodeKey } from '../../signer-node/own-keys.ts'
import { twoPersonPin } from '../../signer-node/two-person.ts'
import { dekOf, sealKeysOf } from '../../signer-node/unseal.ts'
import { locked } from '../../signer-node/wake.ts'
import { TokenWay } from '../../signer-node/way-in.ts'
import { makeCluster, type Place } from '../kit/cluster.ts'
import { canReadImages, findInImage } from '../kit/core-image.ts'
import { refusal } from '../kit/refused.ts'
import { enrolledNode, type SealedNode, sealNode, wake } from '../kit/sealed-node.ts'
import {
  loggedIn,
  makeToken,
  random,
  secretPin,
  type TestToken,
  tokensHere,
} from '../kit/tokens.ts'

const portBase = 33_000 + (process.pid % 5_000)
const keys = ['identity', 'witness', 'secret'] as const
let place: Place
let token: TestToken
let node: SealedNode
beforeAll(async () => {
  place = await makeCluster(portBase)
  token = await makeToken('software')
  node = await enrolledNode(place, 'node-1', token)
})
afterAll(() => {
  place.remove()
  token.remove()
})

const files = () => keys.map((key) => readFileSync(join(node.directory, `keys/${key}.seal`)))
const howOf = (bytes: Uint8Array) =>
  parseSeal(bytes)
    .stanzas.map(({ how }) => how)
    .join()
const opensAll = (config: SignerConfig, way: Awaited<ReturnType<typeof wake>['way']>) => {
  for (const key of keys) openNodeKey(config.keys[key], key, config, way)[Symbol.dispose]()
}
const bend = (change: object) => {
  const path = join(token.directory, 'token/token.json')
  const written = JSON.parse(readFileSync(path, 'utf8')) as object
  writeFileSync(path, JSON.stringify({ ...written, ...change }))
}
const tries = () => {
  const written = readFileSync(join(token.directory, 'token/token.json'), 'utf8')
  return Number((JSON.parse(written) as { tries: number }).tries)
}

describe('sealing the files of a node to a token', () => {
  it('is refused without the passphrase that opens them, and nothing has changed', async () => {
    const before = files()
    using pin = secretPin(token.pin)
    const wish = { random, isBack: false, isAcknowledged: false, passphrase: undefined }
    const said = await refusal(resealNode(node.configure(), pin, wish))
    expect(said).toBe('CONFIG: the passphrase of the files is needed: --passphrase FILE')
    expect(files()).toEqual(before)
    expect(files().map(howOf)).toEqual(['scrypt', 'scrypt', 'scrypt'])
  })

  it('that was killed half-way is cleared away by the next, also by one that is refused', async () => {
    const config = node.configure()
    const shares = join(config.dataDir, 'keyshares')
    mkdirSync(shares, { recursive: true })
    const left = [`${config.keys.identity}.new`, join(shares, 'hot.9.keyshare.new')]
    for (const path of left) writeFileSync(path, 'a whole seal')
    using pin = secretPin(token.pin)
    const wish = { random, isBack: false, isAcknowledged: false, passphrase: undefined }
    expect(await refusal(resealNode(config, pin, wish))).toMatch(/^CONFIG/)
    expect(left.filter((path) => existsSync(path))).toEqual([])
  })

  it('leaves a start before it sealed, with what to do', async () => {
    const config = node.configure()
    const waking = wake(config, locked)
    await waking.waiting()
    expect(await refusal(waking.unlock(node.word(token.pin)))).toBe(
      'SEAL: identity.seal: sealed to a passphrase and not to tokens: custody hsm seal',
    )
    // It waits on; let it in after the sealing.
    await sealNode(node)
    expect(files().map(howOf)).toEqual(['p256-ecdh', 'p256-ecdh', 'p256-ecdh'])
    await waking.unlock(node.word(token.pin))
    using way = await waking.way
    opensAll(config, way)
  })

  it('replaces none before the token has opened all of them anew', async () => {
    const before = files()
    const config = node.configure()
    const odd = join(config.dataDir, 'keyshares/hot.1.keyshare')
    writeFileSync(odd, 'no seal')
    using pin = secretPin(token.pin)
    const wish = { random, isBack: false, isAcknowledged: false, passphrase: undefined }
    expect(await refusal(resealNode(config, pin, wish))).toMatch(/^SEAL: hot.1.keyshare/)
    expect(files()).toEqual(before)
    renameSync(odd, join(node.directory, 'away'))
  })

  it('finishes what was cut short between two files', async () => {
    const config = node.configure()
    using pin = secretPin(token.pin)
    const passphrase = join(node.directory, 'credential')
    const wish = { random, isBack: false, isAcknowledged: false, passphrase }
    const sealed = readFileSync(config.keys.identity)
    await resealNode(config, pin, { ...wish, isBack: true })
    expect(files().map(howOf)).toEqual(['scrypt', 'scrypt', 'scrypt'])
    // As after a death: one file is new and the others are old.
    writeFileSync(config.keys.identity, sealed)
    await resealNode(config, pin, wish)
    expect(files().map(howOf)).toEqual(['p256-ecdh', 'p256-ecdh', 'p256-ecdh'])
    expect(files()[0]).not.toEqual(sealed)
    expect(await testNode(config, pin, wish)).toMatchObject({
      token: 'token-1',
      opens: ['identity.seal', 'witness.seal', 'secret.seal'],
    })
  })

  it('takes no file of another node, and no file that names another in its place', async () => {
    const config = node.configure()
    using pin = secretPin(token.pin)
    const wish = { random, isBack: false, isAcknowledged: false, passphrase: undefined }
    const other = { ...config, node: parseHandle('node-2') }
    expect(await refusal(resealNode(other, pin, wish))).toMatch(/^CONFIG: keystore.tokens: a card/)
    const thing = nodeKeyThing(
      { org: config.org, env: config.env, owner: parseHandle('node-2') },
      'secret',
    )
    const card = parseTokenCard(readFileSync(join(node.directory, 'token-1.json')))
    using way = new TokenWay(sealKeysOf([card]), random)
    using kept = secretPin('0'.repeat(32))
    const own = readFileSync(config.keys.secret)
    writeFileSync(config.keys.secret, way.seal(thing, kept))
    expect(await refusal(resealNode(config, pin, wish))).toBe(
      'CONFIG: secret.seal: not of this node',
    )
    writeFileSync(config.keys.secret, own)
  })
})

describe('a node that is sealed', () => {
  it('says so, opens nothing, and takes the right PIN after a wrong one', async () => {
    const config = node.configure()
    const waking = wake(config, locked)
    await waking.waiting()
    expect(await waking.health('/readyz')).toBe('503 sealed\n')
    expect(await waking.health('/metrics')).toContain('custody_signer_state{state="sealed"} 1')
    expect(await refusal(waking.unlock(node.word('99999999')))).toMatch(/^TOKEN_PIN: wrong-pin/)
    expect(await refusal(waking.unlock('/nothing'))).toBe('CONFIG: credential: not there')
    expect(tries()).toBe(1)
    expect(await waking.unlock(node.word(token.pin))).toMatchObject({ state: 'checking' })
    using way = await waking.way
    opensAll(config, way)
    expect(waking.told.at(-1)).toBe('node.unsealed: stanza token token-1, PIN from an operator')
  })

  it('stays alive with a wrong credential, and tries it no more when it has been wrong', async () => {
    const config = node.configure({ pin: 'credential' })
    const wrong = node.word('99999999')
    const first = wake(config, wrong)
    await first.waiting()
    expect(first.told).toEqual([expect.stringMatching(/^sealed: TOKEN_PIN: wrong-pin/)])
    expect(tries()).toBe(1)
    await first.unlock(node.word(token.pin))
    ;(await first.way)[Symbol.dispose]()
    expect(tries()).toBe(0)

    // As after two starts with the same wrong file, on a device that tells nothing beforehand.
    writeFileSync(join(config.dataDir, 'pin-tries.json'), tried(2))
    const second = wake(config, wrong)
    await second.waiting()
    expect(second.told).toEqual([expect.stringMatching(/^sealed: TOKEN_PIN: 2 wrong PINs/)])
    expect(await refusal(second.unlock(node.word(token.pin)))).toMatch(/^TOKEN_PIN: 2 wrong PINs/)
    expect(tries()).toBe(0)
    await second.unlock(node.word(token.pin), { lastTry: true })
    ;(await second.way)[Symbol.dispose]()

    // And on one that says that somebody else got it wrong.
    bend({ tries: 1 })
    const third = wake(config, node.word(token.pin))
    await third.waiting()
    expect(third.told).toEqual([expect.stringMatching(/^sealed: TOKEN_PIN: the token has seen/)])
    expect(tries()).toBe(1)
    await third.unlock(node.word(token.pin))
    ;(await third.way)[Symbol.dispose]()
  })

  it('opens by itself with the credential, and asks the token once', async () => {
    const config = node.configure({ pin: 'credential' })
    const waking = wake(config, node.word(token.pin))
    using way = await waking.way
    opensAll(config, way)
    expect([waking.told, waking.said]).toEqual([
      ['node.unsealed: stanza token token-1, PIN from a file'],
      [],
    ])
  })

  it('waits for its token: gone, put back, let in; and needs it no more afterwards', async () => {
    token.unplug()
    const config = node.configure({ pin: 'credential' })
    const waking = wake(config, node.word(token.pin))
    await waking.waiting()
    expect(waking.told).toEqual([expect.stringMatching(/^sealed: TOKEN_ABSENT/)])
    expect(await waking.health('/readyz')).toBe('503 sealed\n')
    expect(await refusal(waking.unlock(node.word(token.pin)))).toMatch(/^TOKEN_ABSENT/)
    token.plug()
    expect(tries()).toBe(0)
    await waking.unlock(node.word(token.pin))
    using way = await waking.way
    // Pulled out again: what was opened stays open, and new files are sealed to it.
    token.unplug()
    try {
      opensAll(config, way)
      using kept = secretPin('0'.repeat(32))
      const { org, env } = config
      const thing = nodeKeyThing({ org, env, owner: parseHandle(config.node) }, 'secret')
      using opened = way.open(way.seal(thing, kept), thing)
      expect(opened.equals(kept)).toBe(true)
    } finally {
      token.plug()
    }
  })

  it('takes no other token, no other card and no other module', async () => {
    const stranger = await makeToken('software')
    try {
      const { digest } = (node.configure().keystore as { module: { digest: string } }).module
      const odd = { module: { file: stranger.place.module, digest, parameters: '' } }
      const waking = wake(node.configure(odd), locked)
      await waking.waiting()
      expect(await refusal(waking.unlock(node.word(stranger.pin)))).toMatch(/^TOKEN_ABSENT/)
      const { tries: seen } = JSON.parse(
        readFileSync(join(stranger.directory, 'token/token.json'), 'utf8'),
      ) as { tries: number }
      expect(seen).toBe(0)
      const pinned = [{ file: 'token-1.json', digest: 'ab'.repeat(32) }]
      await expect(wake(node.configure({ tokens: pinned }), locked).way).rejects.toThrow(
        'expected the card abab',
      )
      // Let the one in that still waits, so that its door closes.
      cpSync(join(token.directory, 'token'), join(stranger.directory, 'token'), { recursive: true })
      await waking.unlock(node.word(token.pin))
      ;(await waking.way)[Symbol.dispose]()
    } finally {
      stranger.remove()
    }
  })

  it('is opened by two people together, in any order, and by neither alone', async () => {
    const officer = secretPin('87654321')
    const [first, second] = [secretPin('half of ana'), secretPin('half of ben')]
    using pin = twoPersonPin(first, second)
    const other = await makeToken('software')
    const own = await enrolledNode(place, 'node-2', other)
    await sealNode(own)
    // The PIN alone is set anew: what its master key protects stays.
    const { scrypt, aesGcmOpen, aesGcmSeal, concat, fromHex, toHex, toUtf8 } = await import(
      '../../proto/crypto.ts'
    )
    const path = join(other.directory, 'token/token.json')
    const written = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>
    const salt = fromHex(written['salt'] ?? '')!
    const cost = { n: 2 ** 12, r: 8, p: 1 }
    const old = fromHex(written['master'] ?? '')!
    const master = aesGcmOpen(
      scrypt(toUtf8(other.pin), salt, cost),
      old.subarray(0, 12),
      old.subarray(12),
    )!
    const nonce = random(12)
    const anew = concat(nonce, aesGcmSeal(scrypt(pin.bytes, salt, cost), nonce, master))
    writeFileSync(path, JSON.stringify({ ...written, master: toHex(anew) }))
    officer[Symbol.dispose]()

    let nowMs = 0
    const config = own.configure({ pin: 'two-person' })
    const waking = wake(config, locked, () => nowMs)
    await waking.waiting()
    const [one, two] = [own.word('half of ana'), own.word('half of ben')]
    expect(await refusal(waking.unlock(one))).toBe('CONFIG: expected a half of the PIN')
    expect(await waking.unlock(two, { half: 2 })).toMatchObject({
      state: 'sealed',
      sealed: 'waiting for half 1 of the PIN',
    })
    // The same half again is no second half, and an old one is forgotten.
    expect(await waking.unlock(two, { half: 2 })).toMatchObject({ state: 'sealed' })
    nowMs += 11 * 60_000
    expect(await waking.unlock(one, { half: 1 })).toMatchObject({
      sealed: 'waiting for half 2 of the PIN',
    })
    await waking.unlock(two, { half: 2 })
    using way = await waking.way
    opensAll(config, way)
    expect(waking.told).toContain('node.unsealed: stanza token token-1, PIN from two operators')
    other.remove()
  })
})

const tried = (wrong: number) => `{"format":"custody-pin-tries/v1","wrong":${wrong}}`

/** What would open its files: the PIN, and the key of each. */
async function secretsOf({ token, directory }: SealedNode): Promise<Map<string, Uint8Array>> {
  await using hsm = await loggedIn(token)
  const card = parseTokenCard(readFileSync(join(directory, 'token-1.json')))
  await hsm.use(card)
  const found = new Map<string, Uint8Array>([['PIN', Buffer.from(token.pin)]])
  for (const [at, bytes] of files().entries()) {
    const dek = await dekOf(hsm, card, { name: '', bytes, isNeeded: true })
    found.set(keys[at]!, dek!.bytes)
  }
  return found
}

describe('custody-signer with a token', () => {
  it('starts sealed, is unlocked by hand, and no process of the token is left', async () => {
    node.configure()
    const main = join(import.meta.dirname, '../../signer-node/main.ts')
    const child = spawn(process.execPath, [main, '--config', node.file])
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk
    })
    const until = async (word: string) => {
      for (let waited = 0; !printed.includes(word); waited += 50) {
        if (child.exitCode !== null || waited > 50_000) throw new Error(`${word}: ${printed}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    await until('sealed: signer node-1')
    const unlock = spawn(process.execPath, [
      ...[main, 'unlock', '--config', node.file],
      ...['--credential', node.word(token.pin)],
    ])
    expect(await new Promise((resolve) => unlock.once('close', resolve))).toBe(0)
    await until('ready: signer node-1')
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
    expect(children.trim()).toBe('')
    expect(printed).not.toContain(token.pin)
    if (canReadImages) {
      const secrets = await secretsOf(node)
      expect([...secrets.keys()]).toEqual(['PIN', 'identity', 'witness', 'secret'])
      expect(await findInImage(child.pid!, secrets)).toEqual([])
      // The search sees this process: the serial of its token is there.
      const control = new Map([['serial', Buffer.from(token.place.serial)]])
      expect(await findInImage(child.pid!, control)).not.toEqual([])
    }
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(readdirSync(join(node.directory, 'data'))).toContain('pin-tries.json')
  })
})

describe.each(tokensHere().filter((name) => name !== 'software'))('a node on %s', (name) => {
  it('is sealed to it and opened by it', async () => {
    const real = await makeToken(name)
    try {
      const own = await enrolledNode(place, 'node-3', real)
      await sealNode(own)
      const config = own.configure({ pin: 'credential' })
      using way = await wake(config, own.word(real.pin)).way
      opensAll(config, way)
      // Back, for the next one.
      using pin = secretPin(real.pin)
      const passphrase = join(own.directory, 'credential')
      await resealNode(config, pin, { random, isBack: true, isAcknowledged: false, passphrase })
    } finally {
      real.remove()
    }
  })
})
