import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadRulebook } from '../../policy/analyse.ts'
import { parseBook } from '../../policy/book.ts'
import { parseDestination } from '../../policy/destination.ts'
import {
  type Freeze,
  freezeText,
  parseFreeze,
  parseRoot,
  parseRuleset,
  type Ruleset,
  rulesetText,
  witnessesOf,
} from '../../policy/documents.ts'
import { parseRoster } from '../../policy/roster.ts'
import { parseRulebook } from '../../policy/rulebook.ts'
import { parseTrust, trustText } from '../../policy/trust.ts'
import { fromHex, toHex, toUtf8 } from '../../proto/crypto.ts'
import { parsePersonId } from '../../proto/ids.ts'
import { refusedWith } from '../kit/refused.ts'
import {
  bookText,
  changed,
  digestFor,
  directoryText,
  handleOf,
  type Loose,
  notBefore,
  policyText,
  publicKeyOf,
  rootText,
  witnessKey,
  witnessKeyNamed,
} from './dev-fixture.ts'

function vector(name: string): string {
  return readFileSync(new URL(`../vectors/documents/${name}`, import.meta.url), 'utf8')
}

const root = parseRoot(rootText)
const lightOf = (node: string) => ({
  node,
  identity: toHex(publicKeyOf(node)),
  transport: digestFor(`tls/${node}`),
  witness: witnessKey(node),
})

const ruleset: Ruleset = {
  org: handleOf('acme-dev'),
  env: 'dev',
  root: root.digest,
  policy: root.genesis.policy,
  directory: root.genesis.directory,
  books: root.genesis.books,
  lists: new Map(),
}

const freeze: Freeze = {
  org: handleOf('acme-dev'),
  env: 'dev',
  scope: handleOf('all'),
  person: parsePersonId('oli'),
  credential: handleOf('oli-1'),
  issued: notBefore,
  nonce: fromHex('5f1c0a9e77d2b4483c6e19a0d8f2e671')!,
}

const trust = { root: root.digest, log: root.log, witnesses: witnessesOf(root), q: root.witness.q }

describe('the example of each document', () => {
  const digests: Record<string, string> = JSON.parse(vector('digests.json'))

  const examples: readonly [string, (text: string) => string][] = [
    ['policy-full.json', (text) => parseRulebook(text).digest],
    ['policy-dev.json', (text) => loadRulebook(text).digest],
    ['directory.json', (text) => parseRoster(text).digest],
    ['root.json', (text) => parseRoot(text).digest],
    ['book.json', (text) => parseBook(text).digest],
    ['destination.json', (text) => parseDestination(toUtf8(text)).digest],
    ['ruleset.json', (text) => parseRuleset(text).digest],
    ['freeze.json', (text) => parseFreeze(text).digest],
  ]

  it.each(examples)('%s parses to the digest that is written beside it', (name, digestOf) => {
    expect(digestOf(vector(name))).toBe(digests[name])
  })

  it('no digest stands there without its example', () => {
    expect(Object.keys(digests).sort()).toEqual(examples.map(([name]) => name).sort())
  })

  it('the destination record has the digest of the design', () => {
    expect(digests['destination.json']).toBe(
      '18333b1de2f292ecc5c6eab848b9ed914185aa17a9544e29612e790a2ef9c8b2',
    )
  })

  it.each([
    ['policy-dev.json', policyText],
    ['directory.json', directoryText],
    ['root.json', rootText],
    ['book.json', bookText],
    ['ruleset.json', rulesetText(ruleset)],
    ['freeze.json', freezeText(freeze)],
    ['trust.txt', trustText(trust)],
  ])('%s is what the writer writes', (name, text) => {
    expect(vector(name)).toBe(text)
  })
})

describe('the root', () => {
  it('names nodes, witnesses, numbers, governance and what the genesis activates', () => {
    expect(root.nodes.map(({ node, x }) => `${node} ${x}`)).toEqual([
      'signer-a 1',
      'signer-b 2',
      'signer-c 3',
    ])
    expect(root.nodes[0]?.identity).toEqual(publicKeyOf('signer-a'))
    expect(root.genesis.books.get(handleOf('customer'))).toBe(parseBook(bookText).digest)
    expect(root.genesis.policy).toBe(parseRulebook(policyText).digest)
    expect(root.governance.threshold).toBe(2)
  })

  it('lists every witness: nodes by their x, then the light ones', () => {
    const light = changed(rootText, (json) => {
      json.nodes.reverse()
      json.witnesses = [lightOf('light-d')]
      json.witness = { w: 4, f: 1, q: 3 }
    })
    expect(witnessesOf(parseRoot(light)).map((key) => key.name)).toEqual([
      'signer-a.acme.example/witness',
      'signer-b.acme.example/witness',
      'signer-c.acme.example/witness',
      'light-d.acme.example/witness',
    ])
  })

  it.each<[string, (json: Loose) => void]>([
    ['another format', (json) => (json.format = 'custody-root/v2')],
    ['a light witness with a place', (json) => (json.witnesses = [{ ...lightOf('l'), x: 4 }])],
    ['a bare key for a light witness', (json) => (json.witnesses = [witnessKey('l')])],
    [
      'a node that is a light witness too',
      (json) => {
        json.witnesses = [{ ...lightOf('l'), node: 'signer-a' }]
        json.witness = { w: 4, f: 1, q: 3 }
      },
    ],
    [
      'one identity for a node and a light witness',
      (json) => {
        json.witnesses = [{ ...lightOf('l'), identity: json.nodes[0].identity }]
        json.witness = { w: 4, f: 1, q: 3 }
      },
    ],
    [
      'one transport for a node and a light witness',
      (json) => {
        json.witnesses = [{ ...lightOf('l'), transport: json.nodes[0].transport }]
        json.witness = { w: 4, f: 1, q: 3 }
      },
    ],
    ['an unknown key', (json) => (json.note = 'x')],
    ['a missing key', (json) => delete json.governance],
    ['an unknown key in a node', (json) => (json.nodes[0].address = 'x')],
    ['a log key of another name', (json) => (json.log.origin = 'log.acme.example/other')],
    ['a witness key where the log key belongs', (json) => (json.log.vkey = json.nodes[0].witness)],
    ['a log key where a witness key belongs', (json) => (json.nodes[0].witness = json.log.vkey)],
    [
      'a vkey with another id',
      (json) => (json.log.vkey = json.log.vkey.replace(/\+[0-9a-f]{8}/, '+00000000')),
    ],
    ['one node twice', (json) => (json.nodes[1].node = 'signer-a')],
    ['one place twice', (json) => (json.nodes[1].x = 1)],
    ['one identity twice', (json) => (json.nodes[1].identity = json.nodes[0].identity)],
    ['one TLS key twice', (json) => (json.nodes[1].transport = json.nodes[0].transport)],
    ['one witness twice', (json) => (json.nodes[1].witness = json.nodes[0].witness)],
    ['one witness key under two names', (json) => (json.nodes[1].witness = renamed(json))],
    ['the key of the log as a witness', (json) => (json.nodes[1].witness = loggers('signer-b'))],
    ['a witness key as identity', (json) => (json.nodes[1].identity = hexOf('signer-a-witness'))],
    ['a governance key as identity', (json) => (json.nodes[1].identity = hexOf('root/jun'))],
    ['a place above n', (json) => (json.nodes[2].x = 4)],
    ['fewer nodes than n', (json) => json.nodes.pop()],
    ['fewer witnesses than w', (json) => (json.witness = { w: 4, f: 0, q: 3 })],
    ['numbers that do not hold', (json) => (json.witness.f = 1)],
    ['a threshold above its keys', (json) => (json.governance.threshold = 4)],
    ['one governance key twice', (json) => (json.governance.keys[1] = json.governance.keys[0])],
    ['a governance key of another length', (json) => (json.governance.keys[1] = 'ab')],
    ['no policy in the genesis', (json) => (json.genesis.policy = '')],
  ])('refuses %s', (_, change) => {
    expect(refusedWith(() => parseRoot(changed(rootText, change)))).toBe('MALFORMED')
  })

  function loggers(node: string): string {
    return witnessKeyNamed(`${node}.acme.example/witness`, publicKeyOf('log'))
  }

  function hexOf(name: string): string {
    return Buffer.from(publicKeyOf(name)).toString('hex')
  }

  function renamed(json: Loose): string {
    const key = publicKeyOf('signer-a-witness')
    expect(json.nodes[0].witness).toContain('signer-a')
    return witnessKeyNamed('signer-b.acme.example/witness', key)
  }
})

describe('the ruleset', () => {
  it('reads back what was written, also before the bootstrap is done', () => {
    for (const one of [
      ruleset,
      { ...ruleset, policy: '', directory: '', books: new Map() } as const,
    ]) {
      expect(parseRuleset(rulesetText(one))).toMatchObject(one)
    }
  })

  it.each<[string, (json: Loose) => void]>([
    ['another format', (json) => (json.format = 'custody-ruleset/v2')],
    ['no root', (json) => (json.root = '')],
    ['an unknown key', (json) => (json.version = 1)],
    ['a book without a digest', (json) => (json.books.customer = '')],
  ])('refuses %s', (_, change) => {
    expect(refusedWith(() => parseRuleset(changed(rulesetText(ruleset), change)))).toBe('MALFORMED')
  })
})

describe('the freeze', () => {
  it('reads back what was written', () => {
    expect(parseFreeze(freezeText(freeze))).toMatchObject(freeze)
  })

  it.each<[string, (json: Loose) => void]>([
    ['another format', (json) => (json.format = 'custody-freeze/v2')],
    ['a nonce of another length', (json) => (json.nonce = 'ab')],
    ['an empty scope', (json) => (json.scope = '')],
    ['a missing credential', (json) => delete json.credential],
    ['a time with milliseconds', (json) => (json.issued = '2026-12-01T00:00:00.000Z')],
  ])('refuses %s', (_, change) => {
    expect(refusedWith(() => parseFreeze(changed(freezeText(freeze), change)))).toBe('MALFORMED')
  })
})

describe('the trust file', () => {
  const text = trustText(trust)

  it('reads back what was written', () => {
    expect(parseTrust(text)).toEqual(trust)
  })

  it('may be commented and spaced', () => {
    const loose = `# by hand\n\n${text.replace('quorum 2', '  quorum 2   # of three')}\n`
    expect(parseTrust(loose)).toEqual(trust)
  })

  const doubled = (line: RegExp) => text.replace(line, (found) => `${found}\n${found}`)

  it.each<[string, string]>([
    ['no root', text.replace(/^root .*\n/m, '')],
    ['no log', text.replace(/^log .*\n/m, '')],
    ['no quorum', text.replace(/^quorum .*\n/m, '')],
    ['two roots', doubled(/^root .*$/m)],
    ['two logs', doubled(/^log .*$/m)],
    ['two quorums', doubled(/^quorum .*$/m)],
    ['a witness twice', doubled(/^witness .*$/m)],
    ['one witness key under two names', `${text}witness ${alias()}\n`],
    ['the key of the log as a witness', `${text}witness ${logs()}\n`],
    ['more cosignatures than witnesses', text.replace('quorum 2', 'quorum 4')],
    ['no cosignature at all', text.replace('quorum 2', 'quorum 0')],
    ['a quorum in words', text.replace('quorum 2', 'quorum two')],
    ['an unknown word', `${text}trust me\n`],
    ['a word without a value', `${text}witness\n`],
    ['a second value for a root', text.replace(/^root .*$/m, '$& x')],
    ['a second value for a witness', text.replace(/^witness .*$/m, '$& x')],
    ['a log without its key', text.replace(/^(log [^ ]+) .*$/m, '$1')],
    ['a log key of another name', text.replace(/^log [^ ]+/m, 'log log.acme.example/other')],
    ['a witness key as log key', text.replace(/^(log [^ ]+) .*$/m, `$1 ${witnessKey('signer-a')}`)],
    ['a log key as witness', text.replace(/^witness .*$/m, `witness ${logKey()}`)],
    ['a root that is no digest', text.replace(/^root .*$/m, 'root abc')],
    ['a broken key', text.replace(/^witness .*$/m, 'witness name+00000000+AAAA')],
    ['too many witnesses', `${text}${crowd()}`],
  ])('refuses %s', (_, broken) => {
    expect(refusedWith(() => parseTrust(broken))).toBe('MALFORMED')
  })

  function logKey(): string {
    return (JSON.parse(rootText) as Loose).log.vkey
  }

  function logs(): string {
    return witnessKeyNamed('again.acme.example/witness', publicKeyOf('log'))
  }

  function alias(): string {
    return witnessKeyNamed('again.acme.example/witness', publicKeyOf('signer-a-witness'))
  }

  function crowd(): string {
    const names = Array.from({ length: 30 }, (_, index) => `w${index}`)
    return names.map((name) => `witness ${witnessKey(name)}\n`).join('')
  }
})
