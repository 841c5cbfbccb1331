// Plain HTTP, read only: liveness, readiness, metrics, and the log's newest checkpoint for public
// witnesses. Nothing here needs a secret or changes anything.
import { fastify } from 'fastify'
import type { Address } from '../proto/config.ts'
import type { Health } from './health.ts'
import type { Proofs } from './proofs.ts'

export interface HttpServer {
  readonly address: Address
  close(): Promise<void>
}

const bodyBytesMax = 1_024
const requestTimeoutMs = 10_000

export async function serveHttp(
  { host, port }: Address,
  { health, proofs }: { readonly health: Health; readonly proofs: Pick<Proofs, 'checkpoint'> },
): Promise<HttpServer> {
  const server = fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  })
  server.get('/livez', async (_request, reply) => reply.type('text/plain').send('live\n'))
  server.get('/readyz', async (_request, reply) => {
    const problem = await health.problem()
    const [code, said] = problem === '' ? [200, 'ready'] : [503, problem]
    return reply.code(code).type('text/plain').send(`${said}\n`)
  })
  server.get('/metrics', async (_request, reply) =>
    reply.type(health.contentType).send(await health.metrics()),
  )
  server.get('/checkpoint', async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send(await proofs.checkpoint()),
  )
  await server.listen({ host, port })
  const bound = server.server.address()
  const at = typeof bound === 'object' && bound !== null ? bound.port : port
  return { address: { host, port: at }, close: () => server.close() }
}
