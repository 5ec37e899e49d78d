// Checks that settings of accounts share.

import { z } from 'zod';

/** A text that fits into a header: printable ASCII without spaces, at least one character. */
export const headerText = z
  .string()
  .regex(/^[\x21-\x7e]*$/, 'expected printable ASCII without spaces')
  .min(1);
