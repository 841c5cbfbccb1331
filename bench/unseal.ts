// bench unseal: from nothing open to all files of a node open (three keys and four others), by the
// passphrase and by each token that this machine can make: start of its process, module, login, one
// operation a file, log out. The tokens in software say what the way costs, not what a device does.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseHandle } from '../proto/ids.ts'
import { scryptDefault } from '../proto/seal.ts'
import type { SealedThing } from '../proto/seal-file.ts'
import { parseTokenCard, sealKeyOf } from '../proto/token-card.ts'
import { Secret } from '../signer-node/dkls23/secret.ts'
import { enrolToken } from '../signer-node/hsm/enrol.ts'
import { PinTries } from '../signer-node/pin-tries.ts'
import { type SealedFile, unseal } from '../signer-node/unseal.ts'
import { PassphraseWay, TokenWay, type WayIn } from '../signer-node/way-in.ts'
import {
  loggedIn,
  makeToken,
  random,
  secretPin,
  type TestToken,
  tokensHere,
} from '../test/kit/tokens.ts'
import { type Bench, type Figure, figure } from './report.ts'

const fileCount = 7
const rounds = 9
const owner = { org: parseHandle('acme'), env: 'test', node: parseHandle('node-1') } as const

export async function bench(): Promise<Bench> {
  const figures: Figure[] = [figure('passphrase, scrypt 2^17', 'ms', byPassphrase())]
  for (const name of tokensHere()) {
    figures.push(figure(`token, ${name}`, 'ms', await byToken(name)))
  }
  const notes = [`${fileCount} files; a token: from the start of its process to its end`]
  return { figures, ratios: [], notes }
}

function thingAt(at: number): SealedThing {
  const { org, env, node } = owner
  const credential = parseHandle(`file-${at}`)
  return { kind: 'identity', context: { org, env, owner: node, credential } }
}

function sealedBy(way: WayIn): readonly SealedFile[] {
  return Array.from({ length: fileCount }, (_, at) => {
    using kept = new Secret(random(32))
    return { name: `file-${at}`, bytes: way.seal(thingAt(at), kept), isNeeded: true }
  })
}

function openAll(way: WayIn, files: readonly SealedFile[]): void {
  for (const [at, { bytes }] of files.entries()) way.open(bytes, thingAt(at))[Symbol.dispose]()
}

function byPassphrase(): readonly number[] {
  using passphrase = secretPin('a passphrase of this node')
  using way = new PassphraseWay(passphrase, scryptDefault, random)
  const files = sealedBy(way)
  return Array.from({ length: 3 }, () => {
    const start = performance.now()
    openAll(way, files)
    return performance.now() - start
  })
}

async function byToken(name: TestToken['name']): Promise<readonly number[]> {
  const token = await makeToken(name)
  const home = mkdtempSync(join(tmpdir(), 'custody-bench-'))
  try {
    const card = await cardOf(token)
    using sealing = new TokenWay([sealKeyOf(card)], random)
    const files = sealedBy(sealing)
    const module = {
      file: token.place.module,
      digest: card.module,
      parameters: token.place.parameters,
    }
    const tokens = [{ file: '', digest: card.digest }]
    const keystore = { stanza: 'token', module, tokens, pin: 'attended' } as const
    const settings = { owner, keystore, cards: [card] }
    const trying = { by: 'operator', isAcknowledged: false } as const
    const samples: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      using pin = secretPin(token.pin)
      const ports = { random, tries: new PinTries(home) }
      const start = performance.now()
      const { way } = await unseal(settings, files, pin, { trying, ports })
      openAll(way, files)
      samples.push(performance.now() - start)
      way[Symbol.dispose]()
    }
    return samples
  } finally {
    token.remove()
    rmSync(home, { recursive: true, force: true })
  }
}

async function cardOf(token: TestToken) {
  await using hsm = await loggedIn(token)
  const wish = { ...owner, id: parseHandle('token-1'), gaps: token.gaps }
  return parseTokenCard(await enrolToken(hsm, wish, random))
}
