// What a client holds of a server's words: one line that shows everything it holds.
import { Metadata, type ServiceError } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFailure } from '../../proto/io/errors.ts'
import type { Handlers } from '../../proto/io/handlers.ts'
import { lineText, makeLines } from '../../proto/io/line-text.ts'
import { errorInfo, statusDetails } from '../../proto/io/wire.ts'
import { type End, end, type House, house } from '../kit/wire.ts'
import { request } from '../kit/wire-request.ts'

const drawsOver = 'RECORDED\u001b[5A\u001b[2KTO        0x00\nCHECK'
const harmless = 'RECORDED\ufffd[5A\ufffd[2KTO        0x00\ufffdCHECK'

describe('text of a server', () => {
  it('keeps no character that moves the cursor, breaks the line or turns its direction', () => {
    const odd = ['\u0000', '\b', '\t', '\r', '\n', '\u001b', '\u007f', '\u009b', '\u2028', '\u202e']
    for (const one of [...odd, '\u2066', '\u200b', '\ufeff', '\ud800']) {
      expect(lineText(`a${one}b`)).toBe('a\ufffdb')
    }
    expect(lineText('Zoë says: 1,5 € to 0xAb…')).toBe('Zoë says: 1,5 € to 0xAb…')
  })

  it('is found however deep it lies, and bytes stay what they are', () => {
    const bytes = Uint8Array.of(27, 10)
    const made = makeLines({ bytes, list: ['a\nb', { deep: 'c\u001b' }], none: null, size: 7 })
    expect(made).toEqual({ bytes, list: ['a\ufffdb', { deep: 'c\ufffd' }], none: null, size: 7 })
    expect(made.bytes).toBe(bytes)
    expect([...bytes]).toEqual([27, 10])
  })
})

describe('a lying coordinator', () => {
  let [place, caller]: [House | undefined, End | undefined] = [undefined, undefined]
  beforeAll(async () => {
    const coordinator = await end('coordinator', 'c-1')
    caller = await end('caller', 'svc')
    const told = { ...request, state: drawsOver }
    const lies = {
      GetRequest: async () => ({ request: told }),
      WatchRequests: async function* () {
        yield { request: told, seq: 1 }
      },
    }
    const SigningService = lies as unknown as Handlers['SigningService']
    place = await house(coordinator, [caller], { SigningService })
  })
  afterAll(() => place?.close())

  it('draws over nothing on a screen, by a reply or a stream', async () => {
    const { SigningService } = place!.client(caller!)
    const answer = await SigningService.GetRequest({ id: 'x', initiator: '', callerId: '' })
    expect(answer).toMatchObject({ request: { state: harmless } })
    for await (const { request: seen } of SigningService.WatchRequests({ fromSeq: 1 })) {
      expect(seen?.state).toBe(harmless)
    }
  })

  it('nor by a refusal, or by what its library says', () => {
    const metadata = new Metadata()
    const written = { domain: 'custody', reason: 'LIMIT', because: drawsOver }
    const info = { ...written, metadata: { rule: drawsOver } }
    const typeUrl = 'type.googleapis.com/google.rpc.ErrorInfo'
    const details = [{ typeUrl, value: errorInfo.encode(info as never) }]
    const status = { code: 9, message: '', details }
    metadata.set('grpc-status-details-bin', statusDetails.encode(status as never))
    const failed = { code: 9, details: drawsOver } as unknown as ServiceError
    expect(readFailure({ ...failed, metadata })).toMatchObject({
      because: harmless,
      rule: harmless,
    })
    expect(readFailure(failed)).toMatchObject({ message: harmless })
  })
})
