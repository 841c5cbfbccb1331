// Writes the keyshares of today's format as a node keeps them: `node test/kit/write-keyshares.ts`. Only
// when a new format is written, under a new name: what lies in test/vectors/keyshares opens for ever.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { type KeyPast, Keyshare, MADE_HERE } from '../../signer-node/dkls23/keyshare.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { keptAs, nodeOneStore, vault } from './kept-keyshare.ts'
import { makeKey } from './keys.ts'
import { hex, unhex } from './vectors.ts'

const curve = nativeCurve()
const folder = fileURLToPath(new URL('../vectors/keyshares/', import.meta.url))
const plain = join(folder, 'format-2.json')
if (existsSync(plain)) throw new Error(`${plain} is there: it is never written again`)

/** The four keys of the format before, and one of them with each past that a key can have. */
const before: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  readFileSync(join(folder, 'format-1.json'), 'utf8'),
)
const parse = (text: string): Keyshare => Keyshare.parse(curve, unhex(text))
const today = (keyshare: Keyshare): string => hex(keyshare.encode().bytes)
const made = Object.entries(before).map(([name, shares]) => {
  const again = Object.entries(shares).map(([x, text]) => [x, today(parse(text))])
  return [name, Object.fromEntries(again)]
})
const pasts: Readonly<Record<string, KeyPast>> = {
  imported: { ...MADE_HERE, origin: 'imported' },
  exported: { ...MADE_HERE, isExported: true },
  'imported and exported': { ...MADE_HERE, origin: 'imported', isExported: true },
  unrefreshed: { origin: 'imported', isExported: false, standing: 'unrefreshed' },
}
const [first] = Object.values(before['dkg 2 of 3'] ?? {})
const marked = Object.entries(pasts).map(([name, past]) => {
  const { facts, self, secretShare } = parse(first ?? '')
  const secret = new Secret(curve.scalars.add(secretShare.bytes, curve.scalars.zero))
  return [name, { [self.x]: today(Keyshare.make(curve, { ...facts, past }, self.x, secret)) }]
})
writeFileSync(plain, `${JSON.stringify(Object.fromEntries([...made, ...marked]), null, 2)}\n`)

const home = mkdtempSync(join(tmpdir(), 'custody-keyshares-'))
const store = nodeOneStore(home)
const [share] = makeKey(curve, 2, [1, 2, 3]).values()
if (share === undefined) throw new Error('no key was made')
store.keepPending(vault, share, keptAs)
store.activate(vault, 1)
for (const [from, to] of [
  ['hot-eth.1.keyshare', 'sealed/hot-eth.1.keyshare'],
  ['backups/hot-eth.1.backup', 'sealed/hot-eth.1.backup'],
] as const) {
  copyFileSync(join(home, from), join(folder, to))
}
rmSync(home, { recursive: true })
