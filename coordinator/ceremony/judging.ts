// Judging
import type { Judgement } from '../../policy/ceremony/judgement.ts'
import { type Refusal, refusal } from '../../proto/refusal.ts'
import type { ImportOrder, ImportPorts } from './import.ts'
export async function judgeOut(_ports: ImportPorts, _order: ImportOrder): Promise<Judgement | Refusal> {
  return refusal('NOT_SUPPORTED', 'no judge yet')
}
