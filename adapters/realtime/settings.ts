// Schemas for the `settings` of a provider's account (`Provider.settings`): values that go into upstream headers must fit there.

import { z } from 'zod';

/** A text that fits into a header: printable ASCII without spaces, at least one character. */
export const headerText = z
  .string()
  .regex(/^[\x21-\x7e]*$/, 'expected printable ASCII without spaces')
  .min(1);
