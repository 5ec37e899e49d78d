// The names of spans and attributes. Those of `gen_ai` are drafts of OpenTelemetry's conventions for generative AI (open-telemetry/semantic-conventions-genai),
// so they are here alone, where they follow the drafts; names of our own begin with `trunkline`.

/** Operations of the conventions. */
export const OPERATION = { chat: 'chat', embeddings: 'embeddings', realtime: 'realtime_inference' } as const;

/** Event with the words of both sides. */
export const CONTENT_EVENT = 'gen_ai.client.inference.operation.details';

export const GEN_AI = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  conversation: 'gen_ai.conversation.id',
  realtimeSession: 'gen_ai.realtime_session.id',
  requestModel: 'gen_ai.request.model',
  isStreamed: 'gen_ai.request.stream',
  maxTokens: 'gen_ai.request.max_tokens',
  temperature: 'gen_ai.request.temperature',
  responseModel: 'gen_ai.response.model',
  /** Seconds. */
  firstChunk: 'gen_ai.response.time_to_first_chunk',
  finishReasons: 'gen_ai.response.finish_reasons',
  outputType: 'gen_ai.output.type',
  tool: 'gen_ai.tool.name',
  toolCall: 'gen_ai.tool.call.id',
  inputMessages: 'gen_ai.input.messages',
  outputMessages: 'gen_ai.output.messages',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheRead: 'gen_ai.usage.cache_read.input_tokens',
  cacheWrite: 'gen_ai.usage.cache_write.input_tokens',
  reasoning: 'gen_ai.usage.reasoning.output_tokens',
  audioInput: 'gen_ai.usage.audio.input_tokens',
  audioOutput: 'gen_ai.usage.audio.output_tokens',
  textInput: 'gen_ai.usage.text.input_tokens',
  textOutput: 'gen_ai.usage.text.output_tokens',
  imageInput: 'gen_ai.usage.image.input_tokens',
  imageOutput: 'gen_ai.usage.image.output_tokens',
} as const;

/** `error.type` is stable. Costs are USD, as LLM observability has them; times are ms. */
export const OWN = {
  errorType: 'error.type',
  cost: 'gen_ai.usage.cost',
  costSource: 'trunkline.cost.source',
  path: 'trunkline.path',
  promptClass: 'trunkline.class',
  dataClass: 'trunkline.data_class',
  key: 'trunkline.key',
  team: 'trunkline.team',
  gateway: 'trunkline.gateway',
  provider: 'trunkline.provider',
  attempt: 'trunkline.attempt',
  why: 'trunkline.why',
  difficulty: 'trunkline.difficulty',
  retention: 'trunkline.retention',
  residency: 'trunkline.residency',
  refused: 'trunkline.refused',
  tried: 'trunkline.tried',
  outcome: 'trunkline.outcome',
  flags: 'trunkline.flags',
  redacted: 'trunkline.redacted',
  guarded: 'trunkline.guarded',
  isRehearsal: 'trunkline.rehearsal',
  cache: 'trunkline.cache',
  cacheAge: 'trunkline.cache.age',
  route: 'trunkline.route',
  dialect: 'trunkline.dialect',
  closeReason: 'trunkline.close.reason',
  closeCode: 'trunkline.close.code',
  turns: 'trunkline.turns',
  turn: 'trunkline.turn',
  isInterrupted: 'trunkline.interrupted',
  replyMs: 'trunkline.reply.ms',
  replySince: 'trunkline.reply.since',
  sessionCost: 'trunkline.session.cost',
  sessionInputTokens: 'trunkline.session.input_tokens',
  sessionOutputTokens: 'trunkline.session.output_tokens',
  connection: 'trunkline.connection',
  isCut: 'trunkline.cut',
  end: 'trunkline.end',
  ms: 'trunkline.ms',
  task: 'trunkline.task',
  taskKind: 'trunkline.task.kind',
  taskState: 'trunkline.task.state',
  taskRun: 'trunkline.task.run',
} as const;

/** The names that the conventions have for providers of ours; others go by their own. */
const PROVIDERS: Readonly<Record<string, string>> = {
  gemini: 'gcp.gemini',
  google: 'gcp.gemini',
  vertex: 'gcp.vertex_ai',
  bedrock: 'aws.bedrock',
  azure: 'azure.ai.openai',
  mistral: 'mistral_ai',
  xai: 'x_ai',
};

export const providerName = (name: string): string => PROVIDERS[name.toLowerCase()] ?? name.toLowerCase();
