// The door of the room: protocols of chat UIs, by what their requests become and how their answers are written.

export { AgUiEvents } from './ag-ui/events.ts';
export { type AgUiNote, readAgUiInput } from './ag-ui/input.ts';
export { ChatChunks } from './ai-sdk/chunks.ts';
export { readChatRequest } from './ai-sdk/request.ts';
export { UiFault } from './contract.ts';
