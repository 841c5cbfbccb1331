import { describe, expect, it } from 'vitest'
import {
  checkpointBody,
  cosignatures,
  cosignCheckpoint,
  formatNote,
  formatVkey,
  noteBytesMax,
  parseNote,
  parseNoteText,
  parseVkey,
  signCheckpoint,
  signedByLog,
  type Vkey,
  vkeyOf,
  witnessedTime,
} from '../../policy/audit/checkpoint.ts'
import {
  ed25519PublicKey,
  ed25519Signer,
  ed25519Verify,
  fromBase64,
  sha256,
  toBase64,
  toUtf8,
} from '../../proto/crypto.ts'

const seedOf = (name: string) => sha256(toUtf8(`test-seed/${name}`))
const keyOf = (seed: string) => ed25519PublicKey(seedOf(seed))
const signer = (seed: string) => ed25519Signer(seedOf(seed))

const origin = 'log.acme.example/custody-prod'
const log = vkeyOf(origin, 'log', keyOf('log'))
const witnessNames = ['signer-a', 'signer-b', 'signer-c', 'light-d']
const witnesses = witnessNames.map((name) =>
  vkeyOf(`${name}.acme.example/witness`, 'witness', keyOf(`${name}-witness`)),
)
const root = fromBase64('jrVt20kHnnFJZTYMK3BIxBrps0dPywDVyaYxXVbXGFg=')!
const body = checkpointBody({ origin, size: 5, root })
const at = 1_796_638_892_000

const published = [
  '\u2014 log.acme.example/custody-prod /Z8S1UhxrP870cVDTIpWvsKLkDY68MoLSojqZ8iaPit38yxCJHTXvqfuMUiIwxGTWVn2ZdRaB3YRNZ8cAUzZ2Gglkgs=',
  '\u2014 signer-a.acme.example/witness Q/Ow6wAAAABrFois4jw7mzcN4+q5VUy+RYXmZ3X8uuKpNzBFZhzIMTukgivo0jmSd3U/SFlHRlQpmptPWFwFmWqHENIWrNSnrkutBw==',
  '\u2014 signer-b.acme.example/witness P+tdGAAAAABrFois7ITghSM6S/ocI6xfIWyv0VXachhSk0OLmOKfF3gtlXo19fOScZa6PSzy2KGbMBY2zwqj5YfdcfcbJuUSVfRnDA==',
  '\u2014 signer-c.acme.example/witness ovN4fAAAAABrFoisu1LRlkzN9fCiqQtwvePsj1GBn2mxzNhISLAdanCaTb404Qngy4tBKWNvQxGiO9yMHO7Lv3tdUriagrTPEyI2Ag==',
  '\u2014 light-d.acme.example/witness 1PWBTgAAAABrFois9rVdwmyOAYqPMAu4WSZGSOuyWXWFxU1Paae6Y/MbarDxzPczYMmsW9sWH6SWmIPzSQQRzXSJ/Wvb5WFSsA18CA==',
]
const whole = formatNote(body, published)

const cosignAs = (which: number, text = body, time = at): string =>
  cosignCheckpoint(text, witnesses[which]!, time, signer(`${witnessNames[which]}-witness`))

describe('a verification key', () => {
  it('has the published text forms and reads back as itself', () => {
    expect(formatVkey(log)).toBe(
      'log.acme.example/custody-prod+fd9f12d5+AR45pmqK2KjrhaBqgZ2iW5laIzmat7srU/YqzO5qK/A6',
    )
    expect(formatVkey(witnesses[0]!)).toBe(
      'signer-a.acme.example/witness+43f3b0eb+BPqC/6nMfJvUbIF+0X6pUnwb+TGnhDlXA1Sub2++0Qqj',
    )
    expect(formatVkey(witnesses[1]!)).toContain(
      '+3feb5d18+BD3SWfpSBJ6TI6dIKD/aK1suYIchTf0LCOUBJN6W4s9R',
    )
    expect(formatVkey(witnesses[2]!)).toContain(
      '+a2f3787c+BMZt3JHieorjdigudqcVE+ywLZRw+0plPRrkJVNnQNR2',
    )
    for (const vkey of [log, ...witnesses]) expect(parseVkey(formatVkey(vkey))).toEqual(vkey)
  })

  it('agrees with the note format of the Go checksum database about key ids and signatures', () => {
    const key = parseVkey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')
    const text =
      'If you think cryptography is the answer to your problem,\n' +
      "then you don't know what your problem is.\n"
    const line = fromBase64(
      'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=',
    )!
    expect(ed25519Verify(key.publicKey, toUtf8(text), line.subarray(4))).toBe(true)
  })

  it('is refused with another key id, an unknown type, a short key or a bad name', () => {
    const written = formatVkey(log)
    expect(() => parseVkey(written.replace('fd9f12d5', 'fd9f12d6'))).toThrow('key id fd9f12d5')
    expect(() => parseVkey(`${written}=`)).toThrow('type 1 or 4')
    const mldsa = toBase64(Uint8Array.of(6, ...new Uint8Array(32)))
    expect(() => parseVkey(`name+00000000+${mldsa}`)).toThrow('type 1 or 4')
    const short = toBase64(Uint8Array.of(1, 2, 3))
    expect(() => parseVkey(`name+00000000+${short}`)).toThrow('32 bytes')
    expect(() => vkeyOf('two words', 'log', new Uint8Array(32))).toThrow('without space')
    expect(() => parseVkey('no plus at all')).toThrow('type 1 or 4')
  })
})

describe('a checkpoint', () => {
  it('reproduces every published signature line byte for byte', () => {
    expect(signCheckpoint(body, log, signer('log'))).toBe(published[0])
    witnessNames.forEach((_, which) => {
      expect(cosignAs(which)).toBe(published[which + 1])
    })
  })

  it('parses, and is signed by the log and by all four witnesses at the published time', () => {
    const note = parseNote(toUtf8(whole))
    expect(note.checkpoint).toEqual({ origin, size: 5, root })
    expect(signedByLog(note, log)).toBe(true)
    expect(cosignatures(note, witnesses)).toEqual(witnesses.map((witness) => ({ witness, at })))
  })

  it('reads the example of the standard and ignores the keys that are not pinned', () => {
    const example = [
      'example.com/behind-the-sofa',
      '20852163',
      'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=',
      '',
      '\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=',
      '\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==',
      '',
    ].join('\n')
    const note = parseNoteText(example)
    expect(note.checkpoint.size).toBe(20_852_163)
    expect(note.signatures.map((line) => line.keyId)).toEqual(['033de0ae', '8d66cf3f'])
    expect(signedByLog(note, log)).toBe(false)
    expect(cosignatures(note, witnesses)).toEqual([])
  })

  it('is not signed by the log when only witnesses signed, or a key of the same name', () => {
    expect(signedByLog(parseNoteText(formatNote(body, published.slice(1))), log)).toBe(false)
    const impostor = vkeyOf(origin, 'log', keyOf('impostor'))
    const line = signCheckpoint(body, impostor, signer('impostor'))
    expect(signedByLog(parseNoteText(formatNote(body, [line])), log)).toBe(false)
    expect(signedByLog(parseNoteText(formatNote(body, [line, published[0]!])), log)).toBe(true)
  })

  it('is refused when a pinned name and key id stand over a signature that fails', () => {
    const other = checkpointBody({ origin, size: 6, root })
    const forged = parseNoteText(formatNote(other, published))
    expect(() => signedByLog(forged, log)).toThrow('does not verify')
    expect(() => cosignatures(forged, witnesses)).toThrow('signer-a.acme.example/witness does not')
    const late = published[1]!.replace('AAAABrFois', 'AAAABrFoit')
    expect(() => cosignatures(parseNoteText(formatNote(body, [late])), witnesses)).toThrow(
      'does not verify',
    )
    const cut = toBase64(Uint8Array.of(0x43, 0xf3, 0xb0, 0xeb, 1))
    const short = `\u2014 ${witnesses[0]!.name} ${cut}`
    expect(() => cosignatures(parseNoteText(formatNote(body, [short])), witnesses)).toThrow(
      'does not verify',
    )
  })

  it('refuses a cosignature with a time beyond any calendar', () => {
    const far = cosignAs(0, body, Number.MAX_SAFE_INTEGER * 1000)
    expect(() => cosignatures(parseNoteText(formatNote(body, [far])), witnesses)).toThrow(
      'does not verify',
    )
  })

  it('is not of another origin, whoever signed it', () => {
    const elsewhere = checkpointBody({ origin: 'log.acme.example/custody-test', size: 5, root })
    const line = signCheckpoint(elsewhere, log, signer('log'))
    expect(signedByLog(parseNoteText(formatNote(elsewhere, [line])), log)).toBe(false)
  })

  it('does not take a log key for a witness, nor the other way round', () => {
    const note = parseNoteText(whole)
    expect(() => signedByLog(note, witnesses[0]!)).toThrow('vkey of a log')
    expect(() => cosignatures(note, [log])).toThrow('vkey of a witness')
  })

  it('is refused in every form but the one', () => {
    const refused: readonly [string, string, string][] = [
      ['no blank line', whole.replace('\n\n', '\n'), 'blank line'],
      ['carriage returns', whole.replaceAll('\n', '\r\n'), 'blank line'],
      ['no last newline', whole.slice(0, -1), 'newline at the end'],
      ['a trailing blank line', `${whole}\n`, 'signature line'],
      ['trailing bytes', `${whole}x\n`, 'signature line'],
      ['no signature', `${body}\n`, 'signature line'],
      ['an extension line', whole.replace('\n\n', '\nextra\n\n'), 'a line each'],
      ['an empty body', `\n${whole}`, 'a line each'],
      ['an empty origin', whole.replace(`${origin}\n5`, '\n5'), 'blank line|an origin'],
      ['an origin with a space', whole.replace(origin, 'log acme'), 'an origin'],
      ['a size with a leading zero', whole.replace('\n5\n', '\n05\n'), 'leading zero'],
      ['a negative size', whole.replace('\n5\n', '\n-5\n'), 'leading zero'],
      ['size 2^63', whole.replace('\n5\n', '\n9223372036854775808\n'), 'below 2\\^53'],
      ['size 2^53', whole.replace('\n5\n', '\n9007199254740992\n'), 'below 2\\^53'],
      ['a short root', whole.replace('jrVt20kH', ''), '32 bytes'],
      ['a root in url base64', whole.replace('jrVt20kH', 'jrVt20-_'), '32 bytes'],
      ['a hyphen for the dash', whole.replace('\u2014 log', '- log'), 'signature line'],
      ['two spaces', whole.replace('\u2014 log', '\u2014  log'), 'signature line'],
      ['a control character', whole.replace('signer-a', 'signer\u0007a'), 'signature line'],
      ['an empty signature', formatNote(body, ['\u2014 name AAAAAA==']), 'signature line'],
      ['loose base64', formatNote(body, ['\u2014 name AAAAAAB=']), 'signature line'],
    ]
    for (const [what, text, because] of refused) {
      expect(() => parseNoteText(text), what).toThrow(new RegExp(because))
    }
  })

  it('is refused when it is not text, too long or has too many signatures', () => {
    expect(() => parseNote(Uint8Array.of(0xff, 0xfe))).toThrow('well-formed utf-8')
    expect(() => parseNote(new Uint8Array(noteBytesMax + 1))).toThrow('too many bytes')
    expect(() => parseNoteText('x'.repeat(noteBytesMax + 1))).toThrow('too many bytes')
    const many = Array.from({ length: 65 }, () => '\u2014 name AAAAAAA=')
    expect(() => parseNoteText(formatNote(body, many))).toThrow('too many signatures')
    expect(parseNoteText(formatNote(body, many.slice(1))).signatures.length).toBe(64)
  })
})

describe('counting witnesses', () => {
  const quorum = { q: 3, f: 1 }

  it('counts a witness once, though it signed twice or is pinned under two names', () => {
    const twice = parseNoteText(formatNote(body, [cosignAs(0), cosignAs(0, body, at + 5_000)]))
    expect(cosignatures(twice, witnesses).map((one) => one.at)).toEqual([at])
    const alias: Vkey = vkeyOf('alias.example/witness', 'witness', keyOf('signer-a-witness'))
    const line = cosignCheckpoint(body, alias, at, signer('signer-a-witness'))
    const aliased = parseNoteText(formatNote(body, [cosignAs(0), line]))
    expect(cosignatures(aliased, [...witnesses, alias]).length).toBe(1)
  })

  it('looks at one line of each name only, so that copies cost nothing', () => {
    const [good, bad] = [published[0]!, published[0]!.replace(/.{8}$/, 'AAAAAAA=')]
    expect(signedByLog(parseNoteText(formatNote(body, [good, bad])), log)).toBe(true)
    const later = [cosignAs(0, body, at + 5_000), cosignAs(0)]
    const counted = cosignatures(parseNoteText(formatNote(body, later)), witnesses)
    expect(counted.map((one) => one.at)).toEqual([at + 5_000])
  })

  it('takes the (f+1)-th smallest time, and none below q', () => {
    const times = [at + 9_000, at, at + 4_000]
    const lines = times.map((time, which) => cosignAs(which, body, time))
    const counted = cosignatures(parseNoteText(formatNote(body, lines)), witnesses)
    expect(witnessedTime(counted, quorum)).toBe(at + 4_000)
    expect(witnessedTime(counted, { q: 3, f: 0 })).toBe(at)
    expect(witnessedTime(counted.slice(1), quorum)).toBeUndefined()
  })
})
