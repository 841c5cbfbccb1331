// Original file: custody/v1/ceremony.proto

import type { Ceremony as _custody_v1_Ceremony, Ceremony__Output as _custody_v1_Ceremony__Output } from '../../custody/v1/Ceremony.ts';

export interface ListCeremoniesResponse {
  'ceremonies'?: (_custody_v1_Ceremony)[];
}

export interface ListCeremoniesResponse__Output {
  'ceremonies': (_custody_v1_Ceremony__Output)[];
}
