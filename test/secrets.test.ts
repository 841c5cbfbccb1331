// Where a secret may become something that nobody can wipe, as a test over the sources: integers of
// the engine stand in the named leaves of the protocol only, and nothing in a signer node turns
// what a Secret holds into text. Reads the sources as text; what it would not see is in
// docs/security.md.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

/** File to code, without comments and the contents of plain strings. */
function sourcesIn(directory: string): ReadonlyMap<string, string> {
  const names = readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => name.endsWith('.ts'))
  return new Map(
    files.map((name) => [name, bare(readFileSync(join(root, directory, name), 'utf8'))]),
  )
}

function bare(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|[^:'"])\/\/.*$/gm, '$1')
    .replaceAll(/'(?:\\.|[^'\\\n])*'/g, "''")
}

function hits(sources: ReadonlyMap<string, string>, form: RegExp): readonly string[] {
  return [...sources].flatMap(([file, text]) =>
    text
      .split('\n')
      .filter((line) => form.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  )
}

const protocol = sourcesIn('signer-node/dkls23')
const node = new Map([...sourcesIn('signer-node')].filter(([file]) => !file.startsWith('dkls23/')))

const integers = /\bBigInt|\bbigint\b|\b\d+n\b|\b0x[\da-f_]+n\b|Big(?:Ui|I)nt64|\bbigintScalar/i

/** Why each of them may. Of a leaf that is gone, the line goes too. */
const leaves: Readonly<Record<string, string>> = {
  'scalar-field.ts': 'the reference field; of the other twins only public values reach it',
  'scalar-table.ts': 'the tables of the reference twin',
  'curve-noble.ts': 'the reference twin itself',
  'curve-native.ts': 'takes the reference field for what is public',
  'curve.ts': 'the order of the group, a constant',
  'bits.ts': 'views of bits as words of 64; makes no integer',
  'gf128.ts': 'XOR of rows in words of 64: passing integers of bits, of no scalar',
  'bytes.ts': 'u64 of a counter',
  'randomness.ts': 'the counter of an incarnation',
  'core-scalars.ts': 'the scalars of the compiled module: what is public',
}

describe('scalars', () => {
  it('become BigInts in the leaf files only', () => {
    const found = new Set(hits(protocol, integers).map((line) => line.slice(0, line.indexOf(':'))))
    expect([...found].sort()).toEqual(Object.keys(leaves).sort())
  })

  it.each(['BigInt(x)', 'const a: bigint = b', 'x & 7n', '0xffn', 'view.getBigUint64(0)'])(
    'would be seen in: %s',
    (line) => {
      expect(hits(new Map([['sign.ts', line]]), integers)).toHaveLength(1)
    },
  )

  it('never become text anywhere in the protocol', () => {
    const text =
      /toHex|toBase64|\.toString\(\d|\bBuffer\b(?!\.from\(\w+, ''\))|TextDecoder|fromCharCode|\bbtoa\b/
    expect(hits(protocol, text)).toEqual([])
    expect(hits(new Map([['sign.ts', 'share.toString(16)']]), text)).toHaveLength(1)
  })
})

/** What holds a secret, by the names under which a node holds it. */
const held = String.raw`(?:\.bytes|\b(?:passphrase|secretShare|prekey|plaintext|dek|kernel|seed))\b`
/** A call that makes text or a number, with a secret as it is: no hash and no public key between. */
const turned = new RegExp(
  String.raw`\b(?:toHex|toBase64|fromUtf8|String|Number|BigInt|stringify|decode|inspect)\((?:[\w.#!?]*)${held}(?!\.length)` +
    String.raw`|${held}\.(?:toString|join|toLocaleString|map|reduce)\(` +
    String.raw`|\$\{[^}(]*${held}(?!\.length)[^}(]*\}`,
)

describe('a Secret', () => {
  it('never becomes text in a node', () => {
    expect(hits(node, turned)).toEqual([])
  })

  it.each([
    'toHex(secret.bytes)',
    `const text = \`key $\{self.secret.bytes}\``,
    'logger.info(String(passphrase))',
    'passphrase.bytes.toString()',
    'JSON.stringify(keyshare.secretShare)',
    'new TextDecoder().decode(opened.bytes)',
    'secret.bytes.join()',
    'toBase64(dek)',
  ])('would be seen in: %s', (line) => {
    expect(hits(new Map([['node.ts', line]]), turned)).toHaveLength(1)
  })

  it.each([
    'toHex(x25519PublicKey(secret.bytes))',
    `refuse(\`expected 32 bytes, got $\{opened.bytes.length}\`)`,
    'toHex(keyshare.keyState)',
  ])('is not taken for what is public: %s', (line) => {
    expect(hits(new Map([['node.ts', line]]), turned)).toEqual([])
  })
})
