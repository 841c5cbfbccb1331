// That the two attack catalogues are whole, that every test they name exists, and the cases that
// look at the sources instead of playing a party.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { methods } from '../../proto/io/wire.ts'
import { ascii } from '../../signer-node/dkls23/bytes.ts'
import { InvalidParticipants, parseParticipants } from '../../signer-node/dkls23/party.ts'
import { attacks, families, malicious, type Named } from './named.ts'

const tests = join(import.meta.dirname, '..')
const dkls = join(import.meta.dirname, '../../signer-node/dkls23')
const sources = [
  ...readdirSync(dkls),
  ...readdirSync(join(dkls, 'core')).map((one) => `core/${one}`),
]
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(join(dkls, file), 'utf8') }))

function missingFrom({ tests: named }: Named): readonly string[] {
  return named.flatMap(([file, name]) => {
    const path = join(tests, `${file}.test.ts`)
    const isThere = existsSync(path) && readFileSync(path, 'utf8').includes(name)
    return isThere ? [] : [`${file}: ${name}`]
  })
}

describe('the catalogue', () => {
  it('has A1 to A55', () => {
    const ids = Array.from({ length: 55 }, (_, i) => `A${i + 1}`)
    expect(Object.keys(attacks)).toEqual(ids)
  })

  it('has every id of the malicious-party matrix', () => {
    const ids = Object.entries(families).flatMap(([family, count]) =>
      Array.from({ length: count }, (_, i) => `${family}${i + 1}`),
    )
    expect(Object.keys(malicious).sort()).toEqual(ids.sort())
  })

  it.each(Object.entries({ ...prefixed('', attacks), ...prefixed('MAL-', malicious) }))(
    'names for %s tests that exist, or what it waits for',
    (_, named) => {
      expect(missingFrom(named)).toEqual([])
      expect(named.tests.length > 0 || named.waits !== undefined).toBe(true)
    },
  )

  it('would miss a test that does not exist', () => {
    expect(missingFrom({ tests: [['hostile/named-cases', 'no such' + ' name']] })).toHaveLength(1)
    expect(missingFrom({ tests: [['hostile/nothing', 'the catalogue']] })).toHaveLength(1)
  })
})

function prefixed(prefix: string, all: Readonly<Record<string, Named>>): Record<string, Named> {
  return Object.fromEntries(Object.entries(all).map(([id, named]) => [`${prefix}${id}`, named]))
}

describe('the protocol', () => {
  it('leaves no loop of the consistency check early (A4)', () => {
    for (const file of ['core/transfers.ts', 'plain-extension.ts', 'gf128.ts']) {
      const { text } = sources.find((one) => one.file === file)!
      const loops = loopsIn(text)
      expect([file, loops.length > 0]).toEqual([file, true])
      for (const loop of loops)
        expect([file, /\breturn\b|\bbreak\b|\bthrow\b/.test(loop)]).toEqual([file, false])
    }
    expect(loopsIn('for (;;) {\n  if (x) return\n}')).toEqual(['\n  if (x) return\n'])
  })

  it('refuses two participants under one index (A17)', () => {
    const member = (x: number, name: string) => ({ x, nodeId: ascii(name) })
    expect(parseParticipants([member(1, 'a'), member(2, 'b')])).toHaveLength(2)
    expect(() => parseParticipants([member(1, 'a'), member(1, 'b')])).toThrow(InvalidParticipants)
    expect(() => parseParticipants([member(1, 'a'), member(2, 'a')])).toThrow(InvalidParticipants)
  })

  it('has no call that signs what a caller computed (A23)', () => {
    const names = methods.map(({ service, name }) => `${service}.${name}`)
    expect(names).toContain('SigningService.SubmitIntent')
    expect(names.filter((name) => /sign(raw|hash|digest|bytes|message)/i.test(name))).toEqual([])
    const proto = readFileSync(join(tests, '../proto/custody/v1/signing.proto'), 'utf8')
    const [submit] = /message SubmitIntentRequest \{[^}]*\}/.exec(proto) ?? ['']
    expect(submit).toContain('Signed')
    expect(submit).not.toMatch(/digest|hash/i)
  })

  it('gives secrets to no curve library but through its door (A29)', () => {
    const doors = sources.filter(({ text }) => /from '(@noble\/curves|secp256k1)/.test(text))
    expect(doors.map(({ file }) => file)).toEqual(['curve-noble.ts', 'curve-wasm.ts'])
    const wasm = sources.filter(({ text }) => text.includes("'@solar-republic/wasm-secp256k1'"))
    expect(wasm.map(({ file }) => file)).toEqual(['curve-wasm-library.ts'])
    const native = sources.filter(({ text }) => text.includes("'secp256k1/bindings.js'"))
    expect(native.map(({ file }) => file)).toEqual(['curve-native.ts'])
  })

  it('knows no Paillier and no ring of unknown order (A37, A38)', () => {
    const manifest = readFileSync(join(tests, '../package.json'), 'utf8')
    const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> }
    expect(Object.keys(dependencies)).toContain('secp256k1')
    expect(
      Object.keys(dependencies).filter((name) => /paillier|bigint|bn\.js|gmp/.test(name)),
    ).toEqual([])
    for (const { file, text } of sources) {
      expect([file, /paillier|modPow|powMod/i.test(text)]).toEqual([file, false])
    }
  })
})

/** The bodies of all `for` statements, by counting braces. */
function loopsIn(text: string): readonly string[] {
  return [...text.matchAll(/\bfor \(/g)].flatMap(({ index }) => {
    const begin = text.indexOf('{', endOf(text, text.indexOf('(', index), '(', ')'))
    const lineEnd = text.indexOf('\n', index)
    return begin < 0 || begin > lineEnd ? [] : [text.slice(begin + 1, endOf(text, begin, '{', '}'))]
  })
}

function endOf(text: string, from: number, open: string, close: string): number {
  for (let at = from, depth = 0; at < text.length; at++) {
    if (text[at] === open) depth += 1
    if (text[at] === close) depth -= 1
    if (depth === 0) return at
  }
  return text.length
}
