// The part of the store's contract that is about responses: what was asked and answered under an id, and the log of the answer while somebody
// may still read it.

import type { JsonObject } from '../../../../codecs/json/object.ts';
import type { LedgerRow } from '../../../ipc/stored-rows.ts';

export type ResponseState = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';

/** A response that runs, or has ended. Its texts are apart: see `ResponseTexts`. */
export interface ResponseRow
  extends Pick<LedgerRow, 'key' | 'team' | 'endUser' | 'promptClass' | 'dataClass' | 'isRehearsal'> {
  readonly id: string;
  /** The id of the client secret that asked for it. */
  readonly clientSecret: string | undefined;
  /** The id that a UI gave its chat. */
  readonly chat: string | undefined;
  /** The response that it continues. */
  readonly previous: string | undefined;
  /** It was asked to be stored; else it goes with its log. */
  readonly isKept: boolean;
  readonly isBackground: boolean;
  /** It has a log. */
  readonly isStreamed: boolean;
  readonly state: ResponseState;
  /** The process that runs it, by the name of its lease. */
  readonly holder: string;
  readonly createdAt: number;
  readonly endedAt?: number | undefined;
  /** Time at which somebody ordered its end. */
  readonly cancelledAt?: number | undefined;
  /** Time at which another process last read its log for somebody. */
  readonly readAt?: number | undefined;
  /** Its log was too long to be kept whole. */
  readonly isCut: boolean;
}

export interface ResponseTexts {
  /** JSON: the items of this turn alone, each with an id. */
  readonly input: string;
  /** JSON: the response object as it is known. */
  readonly result: string;
  /** The note of the front end that asked. */
  readonly note?: JsonObject | undefined;
}

export interface ChainedResponse extends ResponseRow {
  /** Characters of its texts. */
  readonly length: number;
}

/** An item of the output of a response that has ended. */
export interface StoredItem {
  readonly item: string;
  readonly response: string;
}

export interface LostResponse extends ResponseRow {
  readonly result: string;
  /** Sequence of the last event of its log; undefined: there is none. */
  readonly lastSequence: number | undefined;
  /** Time at which the lease of its process ran out; undefined: the process gave it back, or never had one. */
  readonly leaseEndedAt: number | undefined;
}

/** Events of a log that follow each other. */
export interface LogPart {
  readonly response: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Their JSON, one on each line. */
  readonly events: string;
}

/** A change of a response that runs. Fields that are left out stay as they are. */
export interface ResponseChange extends Partial<Pick<ResponseRow, 'state' | 'endedAt' | 'isCut' | 'isKept'>> {
  readonly id: string;
  readonly result?: string | undefined;
}

export interface ResponseChanges {
  readonly added?: readonly (ResponseRow & ResponseTexts)[] | undefined;
  readonly parts?: readonly LogPart[] | undefined;
  readonly changed?: readonly ResponseChange[] | undefined;
}

export type ResponseMarks = Pick<ResponseRow, 'id' | 'cancelledAt' | 'readAt'>;

/** `logs`: of responses that ended before; `kept`: those that were asked to be stored and ended before. */
interface ResponseRetention {
  readonly logsBefore: number;
  readonly keptBefore: number;
}

/** Names who asked for a response. */
interface ResponseOwner {
  /** `null` for none. */
  readonly key: string | null;
  /** The id of a client secret: of its key's responses, its own alone, and those of its user. */
  readonly secret?: string | undefined;
  readonly endUser?: string | undefined;
}

export interface ResponseStore {
  /**
   * Writes what runs of one process came to. It survives a kill, and does not wait for the disk. Returns the ids of those whose log was ended by
   * somebody else, since their process was taken for dead: nothing of them is written.
   */
  writeResponses(changes: ResponseChanges): Promise<readonly string[]>;
  /** Undefined where there is none, or it was deleted. */
  response(id: string): Promise<ResponseRow | undefined>;
  /** The response and those that it continues, oldest first: at most so many. It is whole where the first of them continues none. */
  responseChain(id: string, most: number): Promise<readonly ChainedResponse[]>;
  /** Texts by the ids of their responses; of one that was deleted there are none. */
  responseTexts(ids: readonly string[]): Promise<Readonly<Record<string, ResponseTexts>>>;
  /** Notes by the ids of their responses; of one that was deleted, or has none, there is none. */
  responseNotes(ids: readonly string[]): Promise<Readonly<Record<string, JsonObject>>>;
  /** Tells which responses have items of these ids in their output; one that was deleted has none. */
  itemResponses(items: readonly string[]): Promise<readonly (StoredItem & ChainedResponse)[]>;
  /** Responses of that chat among those of this owner, the newest first: at most so many. */
  responsesOfChat(owner: ResponseOwner, chat: string, most: number): Promise<readonly ResponseRow[]>;
  /** Parts of a log with events behind that sequence, in order. */
  logParts(id: string, after: number, limit: number): Promise<readonly LogPart[]>;
  /** Marks of the responses that this process runs. */
  responseMarks(holder: string): Promise<readonly ResponseMarks[]>;
  /** Orders the end of a response, or says that its log is read. */
  markResponse(id: string, mark: 'cancelledAt' | 'readAt', now: number): Promise<void>;
  /** Removes texts and log, and orders the end of what runs. False where there is none. */
  deleteResponse(id: string, now: number): Promise<boolean>;
  /** Responses without an end whose process holds no lease, oldest first, a hundred at most; with the id, that one alone. */
  lostResponses(now: number, id?: string): Promise<readonly LostResponse[]>;
  /** Ends a response whose process is gone, with the last event of its log. False where somebody else did, or the process lives. */
  endLost(change: ResponseChange & { readonly endedAt: number }, last: LogPart | undefined): Promise<boolean>;
  /** Removes what was kept long enough. Returns how many responses and logs. */
  sweepResponses(before: ResponseRetention): Promise<number>;
}
