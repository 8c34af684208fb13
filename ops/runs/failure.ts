import { type Envelope, type Failure, Parked } from '../../events/index.ts';

/** Why an attempt was parked or refused, when its ending says so: both events carry the same data. */
export const failureOf = (ending: Envelope | undefined): Failure | undefined =>
  Parked.data.safeParse(ending?.data).data;
