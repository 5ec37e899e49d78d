// A certificate for localhost, made once for all suites of one process.

import { type DevCertificate, ensureDevCertificate } from '../../server/http/dev-certificate.ts';
import { temporaryFolder } from './temporary-folder.ts';

let made: Promise<DevCertificate> | undefined;

export function testCertificate(): Promise<DevCertificate> {
  made ??= ensureDevCertificate(temporaryFolder('tls'));
  return made;
}
