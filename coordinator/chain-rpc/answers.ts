// The answers of several endpoints to one question: what one does not answer, or answers badly,
// another one may.
import { Unavailable } from '../../proto/unavailable.ts'
import { EndpointRefusal } from './endpoint.ts'
import { unavailable } from './post.ts'

/** Of those that answer; throws where none does. */
export async function allAnswers<E, T>(
  endpoints: readonly E[],
  question: (endpoint: E, at: number) => Promise<T>,
): Promise<readonly T[]> {
  const asked = await Promise.allSettled(endpoints.map(question))
  for (const one of asked) if (one.status === 'rejected') requirePassing(one.reason)
  const said = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  return said.length === 0 ? Promise.reject(silent()) : said
}

/** Another endpoint may answer what this one did not, or refused, or wrote badly. */
export function requirePassing(error: unknown): void {
  if (error instanceof Unavailable || error instanceof EndpointRefusal) return
  throw error
}

export function silent(): Unavailable {
  return unavailable('no endpoint of the network answers')
}
