// Original file: custody/v1/ceremony.proto

import type { Ceremony as _custody_v1_Ceremony, Ceremony__Output as _custody_v1_Ceremony__Output } from '../../custody/v1/Ceremony.ts';
import type { CeremonyResult as _custody_v1_CeremonyResult, CeremonyResult__Output as _custody_v1_CeremonyResult__Output } from '../../custody/v1/CeremonyResult.ts';

export interface ImportCeremonyResponse {
  'ceremony'?: (_custody_v1_Ceremony | null);
  'results'?: (_custody_v1_CeremonyResult)[];
}

export interface ImportCeremonyResponse__Output {
  'ceremony': (_custody_v1_Ceremony__Output | null);
  'results': (_custody_v1_CeremonyResult__Output)[];
}
