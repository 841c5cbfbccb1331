import { p256 } from '@noble/curves/nist.js'
import { describe, expect, it } from 'vitest'
import { keyName } from '../../../policy/ceremony/record.ts'
import type { Seats } from '../../../policy/ceremony/record-seats.ts'
import {
  encodeStatements,
  openStatement,
  parseStatement,
  parseStatements,
  type SignedStatement,
  type Statement,
  statementMessage,
  statementText,
} from '../../../policy/ceremony/statement.ts'
import { parseRoster } from '../../../policy/roster.ts'
import { fromHex, toHex, toUtf8 } from '../../../proto/crypto.ts'
import { encode, type JsonObject, parse, text } from '../../../proto/jcs.ts'
import { limits } from '../../../proto/limits.ts'
import { directoryOf, signStatement, statementOf } from '../../kit/ceremony-people.ts'
import { digestOfName, seats, tokenKey } from '../../kit/record.ts'
import { refusedWith } from '../../kit/refused.ts'
import { secretOf } from '../../kit/token-card.ts'

const roster = parseRoster(directoryOf(['adam', 'rita', 'will', 'olga', 'ana', 'carl']))
const speakers = { seats, roster }
const opened = (
  signed: SignedStatement,
  of: { seats: Seats; roster: typeof roster | undefined } = speakers,
) => refusedWith(() => openStatement(signed, of))

describe('a Statement', () => {
  it('reads as it was written, and no key more or less', () => {
    const said = statementOf('auditor/olga')
    const document = statementText(said)
    expect(parseStatement(document)).toEqual(said)
    const written = parse(toUtf8(document)) as JsonObject
    for (const key of Object.keys(written)) {
      const { [key]: _, ...less } = written
      expect(refusedWith(() => parseStatement(text(less)))).toBe('MALFORMED')
    }
    expect(refusedWith(() => parseStatement(text({ ...written, more: 1 })))).toBe('MALFORMED')
  })

  it('says why, when it does not agree, and is not over before it began', () => {
    const refusing: Statement = { ...statementOf('auditor/olga'), verdict: 'do-not-agree' }
    expect(refusedWith(() => statementText(refusing))).toBe('MALFORMED')
    expect(refusedWith(() => statementText({ ...refusing, because: 'a bag was open' }))).toBe(
      'accepted',
    )
    const { from, until } = statementOf('auditor/olga')
    const early = { ...statementOf('auditor/olga'), from: until, until: from }
    expect(refusedWith(() => statementText(early))).toBe('MALFORMED')
  })

  it('is signed by the custodian’s own token, daily or spare, and by nothing else of theirs', () => {
    const said = statementOf('custodian/ana')
    expect(opened(signStatement(said, { token: 'ana daily' }))).toBe('accepted')
    expect(opened(signStatement(said, { token: 'ana spare' }))).toBe('accepted')
    expect(opened(signStatement(said, { token: 'ben daily' }))).toBe('RECORD')
    expect(opened(signStatement(said, { token: 'rita daily' }))).toBe('RECORD')
    expect(opened(signStatement(said, { credential: 'ana' }))).toBe('RECORD')
    const stations = seats.stations.map((one) => ({ ...one, keys: [] }))
    const bare = { seats: { ...seats, stations }, roster }
    expect(opened(signStatement(said, { credential: 'ana' }), bare)).toBe('accepted')
  })

  it('is signed by everybody else with a credential that the room does not hold', () => {
    const said = statementOf('auditor/olga')
    expect(opened(signStatement(said, { credential: 'olga' }))).toBe('accepted')
    expect(opened(signStatement(said, { token: 'rita daily' }))).toBe('RECORD')
    expect(opened(signStatement(said, { credential: 'will' }))).toBe('RECORD')
    expect(opened(signStatement(said, { credential: 'zoe' }))).toBe('RECORD')
    const own = signStatement(said, { credential: 'olga' })
    expect(opened(own, { seats, roster: undefined })).toBe('RECORD')
  })

  it('is the recorder’s own under the token of the record station, or a credential', () => {
    const said = statementOf('recorder/rita')
    expect(opened(signStatement(said, { token: 'rita daily' }))).toBe('accepted')
    expect(opened(signStatement(said, { credential: 'rita' }))).toBe('accepted')
  })

  it('counts under a credential that is valid when it is made', () => {
    const late = { ...statementOf('auditor/olga'), until: Date.parse('2031-01-01T00:00:00Z') }
    expect(opened(signStatement(late, { credential: 'olga' }))).toBe('RECORD')
  })

  it('is signed over its exact text, with a low s', () => {
    const said = statementOf('custodian/ana')
    const signed = signStatement(said, { token: 'ana daily' })
    const other = statementText({ ...said, exceptions: 3 })
    expect(opened({ ...signed, document: other })).toBe('RECORD')
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const s = BigInt(`0x${toHex(signed.signature.subarray(32))}`)
    const high = fromHex((order - s).toString(16).padStart(64, '0')) ?? new Uint8Array(0)
    const signature = new Uint8Array([...signed.signature.subarray(0, 32), ...high])
    expect(
      p256.verify(signature, statementMessage(signed.document), tokenKey('ana daily'), {
        lowS: false,
      }),
    ).toBe(true)
    expect(opened({ ...signed, signature })).toBe('RECORD')
  })
})

describe('the file of Statements', () => {
  const one = signStatement(statementOf('auditor/olga'), { credential: 'olga' })

  it('reads back, strictly and bounded', () => {
    const bytes = encodeStatements([one])
    expect(parseStatements(bytes)).toEqual([one])
    const written = parse(bytes) as JsonObject
    expect(refusedWith(() => parseStatements(encode({ ...written, more: 1 })))).toBe('RECORD')
    const many = Array.from({ length: limits.statementsMax + 1 }, () => one)
    expect(refusedWith(() => encodeStatements(many))).toBe('RECORD')
    expect(refusedWith(() => encodeStatements(many.slice(1)))).toBe('accepted')
  })

  it('names the key of a token as lines do', () => {
    const { name } = signStatement(statementOf('custodian/ana'), { token: 'ana daily' })
    expect(name).toBe(keyName(p256.getPublicKey(secretOf('ana daily'), false)))
    expect(digestOfName('x')).not.toBe(digestOfName('y'))
  })
})
