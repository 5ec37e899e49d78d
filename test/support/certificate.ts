// A certificate for localhost, made once for all suites of one process.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DevCertificate, ensureDevCertificate } from '../../server/dev-certificate.ts';

let made: Promise<DevCertificate> | undefined;

export function testCertificate(): Promise<DevCertificate> {
  made ??= ensureDevCertificate(mkdtempSync(join(tmpdir(), 'trunkline-tls-')));
  return made;
}
