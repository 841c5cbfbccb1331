// A node of a development cluster whose files are sealed to a token in software, as an operator
// would have done it, and its program's wait for a PIN in this process.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { plainDigest, toUtf8 } from '../../proto/crypto.ts'
import { parseHandle } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import { parseTokenCard, softwareMaker } from '../../proto/token-card.ts'
import { tellAdmin } from '../../signer-node/admin-client.ts'
import { parseSignerConfig, type SignerConfig } from '../../signer-node/config.ts'
import type { Secret } from '../../signer-node/dkls23/secret.ts'
import { enrolToken } from '../../signer-node/hsm/enrol.ts'
import { resealNode } from '../../signer-node/hsm-files.ts'
import { readPassphrase } from '../../signer-node/places.ts'
import type { Event } from '../../signer-node/ports.ts'
import { type Source, wayOf } from '../../signer-node/wake.ts'
import type { WayIn } from '../../signer-node/way-in.ts'
import type { Place } from './cluster.ts'
import { loggedIn, random, secretPin, type TestToken } from './tokens.ts'

export interface SealedNode {
  readonly directory: string
  readonly file: string
  readonly token: TestToken
  /** As the configuration says it with these changes of its keystore. */
  configure(change?: object): SignerConfig
  /** A file of the owner alone with this word. */
  word(text: string): string
}

/** Enrols the token and configures the node; its files are sealed to the passphrase still. */
export async function enrolledNode(
  place: Place,
  node: string,
  token: TestToken,
): Promise<SealedNode> {
  const directory = place.path(`nodes/${node}`)
  const file = join(directory, 'config.json')
  chmodSync(file, 0o600)
  const written = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
  const wish = {
    org: parseHandle(written['org'] ?? ''),
    env: 'dev',
    node: parseHandle(node),
    id: parseHandle('token-1'),
    gaps: token.gaps,
  } as const
  await using hsm = await loggedIn(token)
  const card = await enrolToken(hsm, wish, random)
  writeFileSync(join(directory, 'token-1.json'), card)
  const { module, parameters } = token.place
  const digest = module.startsWith('software:')
    ? plainDigest(toUtf8(softwareMaker))
    : plainDigest(readFileSync(module))
  const keystore = {
    stanza: 'token',
    module: { file: module, digest, parameters },
    tokens: [{ file: 'token-1.json', digest: parseTokenCard(card).digest }],
    pin: 'attended',
  }
  let words = 0
  return {
    ...{ directory, file, token },
    configure: (change = {}) => {
      const source = JSON.stringify({ ...written, keystore: { ...keystore, ...change } }, null, 1)
      writeFileSync(file, source)
      return parseSignerConfig(source, directory)
    },
    word: (text) => {
      words += 1
      const path = join(directory, `word-${words}`)
      writeFileSync(path, `${text}\n`, { mode: 0o600 })
      return path
    },
  }
}

/** Sealed to its token, from the passphrase that the cluster was made with. */
export async function sealNode({ token, directory, configure }: SealedNode): Promise<object> {
  using pin = secretPin(token.pin)
  const passphrase = join(directory, 'credential')
  const wish = { random, isBack: false, isAcknowledged: false, passphrase }
  return await resealNode(configure(), pin, wish)
}

export interface Waking {
  /** What was reported, `name: because`. */
  readonly told: readonly string[]
  readonly said: readonly string[]
  readonly way: Promise<WayIn>
  unlock(credential: string, more?: object): Promise<object>
  health(path: string): Promise<string>
  /** Until its socket listens. */
  waiting(): Promise<void>
}

export function wake(config: SignerConfig, source: Source, nowMs = () => 0): Waking {
  mkdirSync(config.dataDir, { recursive: true })
  const [told, said]: [string[], string[]] = [[], []]
  const clock = { wallMs: nowMs, monotonicMs: nowMs }
  const report = ({ name, because }: Event) => void told.push(`${name}: ${because}`)
  const say = (line: string) => void said.push(line)
  const read = (credential: string | number): Secret =>
    typeof credential === 'string' && !existsSync(credential)
      ? refuse('CONFIG', 'credential: not there')
      : readPassphrase(credential)
  const { host, port } = config.healthListen
  return {
    ...{ told, said },
    way: wayOf(config, source, { random, clock, report, say, read }),
    unlock: (credential, more = {}) => {
      return tellAdmin(config.adminSocket, { do: 'unlock', credential, ...more })
    },
    health: async (path) => {
      const answer = await fetch(`http://${host}:${port}${path}`)
      return `${answer.status} ${await answer.text()}`
    },
    waiting: async () => {
      for (let waited = 0; said.length === 0; waited += 10) {
        if (waited > 30_000) throw new Error(`expected it to wait: ${told.join()}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}
