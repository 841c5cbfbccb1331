// Original file: custody/v1/ceremony.proto

import type { Ceremony as _custody_v1_Ceremony, Ceremony__Output as _custody_v1_Ceremony__Output } from '../../custody/v1/Ceremony.ts';

export interface PrepareCeremonyResponse {
  'ceremony'?: (_custody_v1_Ceremony | null);
}

export interface PrepareCeremonyResponse__Output {
  'ceremony': (_custody_v1_Ceremony__Output | null);
}
