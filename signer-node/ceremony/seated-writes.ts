// What the Record station writes for others: the Statement of somebody without a token, to be
// signed where that credential is, and the Bundle out on each of its media.
// INVARIANT: nobody's Statement is signed here but the recorder's, by the token of this station;
// what is carried out is read back whole from each medium, and overwrites nothing.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { BundleFiles } from '../../policy/ceremony/bundle.ts'
import { type Actor, actorText, keyName } from '../../policy/ceremony/record.ts'
import { type SignedStatement, statementMessage } from '../../policy/ceremony/statement.ts'
import { equalBytes, fromHex, toUtf8 } from '../../proto/crypto.ts'
import { readBundleFiles, writeBundleFiles } from '../../proto/io/bundle-files.ts'
import { refuse } from '../../proto/refusal.ts'
import { replaceFile } from '../floor-file.ts'
import { made } from '../places.ts'
import type { RoomTerminal } from './room-terminal.ts'

interface Said {
  readonly actor: Actor
  readonly document: string
}

/** By the token where it speaks for itself; else by what its owner brings. */
export async function speak(
  { actor, document }: Said,
  { identity, sign }: { identity: Uint8Array; sign: (message: Uint8Array) => Promise<Uint8Array> },
  card: string,
  terminal: Pick<RoomTerminal, 'line'>,
): Promise<SignedStatement> {
  if (actor.role === 'recorder') {
    const signature = await sign(statementMessage(document))
    return { by: 'token', name: keyName(identity), document, signature }
  }
  const file = join(made(join(card, 'statements')), `${actor.role}-${actor.person}.json`)
  // Never through a link that lies there.
  replaceFile(file, toUtf8(document))
  const who = actorText(actor)
  const question = `${who} signs ${file} by the own credential; its name and signature: `
  for (let tries = 1; tries <= triesMax; tries += 1) {
    const [name = '', written = ''] = (await terminal.line(question)).trim().split(/\s+/)
    const signature = fromHex(written)
    if (signature?.length === signatureBytes) return { by: 'credential', name, document, signature }
  }
  return refuse('MALFORMED', 'expected a credential and a signature of 64 bytes')
}

const triesMax = 3
/** Ed25519. */
const signatureBytes = 64

/** A medium that was written before a restart, and reads back so, is written already. */
export function writeOut(files: BundleFiles, out: readonly string[]): void {
  for (const directory of out) {
    if (!existsSync(directory)) writeBundleFiles(directory, files)
    const read = readBundleFiles(directory)
    const isWhole =
      read.size === files.size &&
      [...files].every(([name, bytes]) => {
        const found = read.get(name)
        return found !== undefined && equalBytes(found, bytes)
      })
    if (!isWhole) refuse('BUNDLE', `${directory}: does not read back as it was written`)
  }
}
