// The words by which the rehearsal recognises labels, sentiment and dangers. They are few and English: real work needs a model.

/** Words of labels that are often configured. A label's own words count as well. */
export const LABEL_WORDS: Readonly<Record<string, RegExp>> = {
  question: /\?|\b(how|what|when|where|which|who|why|is there|do you|does it|can i|wondering)\b/gi,
  request:
    /\b(please|(can|could|would|will) you|i('d| would) like|i (want|need)|book|change|cancel|order|send|call me|schedule|reschedule)\b/gi,
  complaint:
    /\b(complain\w*|not work\w*|doesn't work|broken|wrong|late|unacceptable|terrible|awful|disappoint\w*|angry|refund|still waiting)\b/gi,
  'small-talk':
    /\b(hello|hi|hey|how are you|weather|good (morning|afternoon|evening)|nice to|bye|goodbye|thank\w*|test\w*)\b/gi,
  billing: /\b(bill\w*|invoice\w*|charge\w*|pay\w*|refund\w*|price\w*|subscription\w*|credit card|fee\w*)\b/gi,
  support:
    /\b(help|support|error\w*|problem\w*|issue\w*|broken|crash\w*|not work\w*|doesn't work|reset|password|log ?in)\b/gi,
  technical: /\b(error\w*|crash\w*|install\w*|update\w*|internet|router|password|log ?in|app|device)\b/gi,
  sales: /\b(buy\w*|purchase\w*|offer\w*|quote\w*|demo\w*|plan|plans|upgrade\w*|discount\w*)\b/gi,
  cancellation: /\b(cancel\w*|terminate|quit|unsubscribe)\b/gi,
  booking: /\b(book\w*|reserv\w*|appointment\w*|schedule\w*|reschedul\w*)\b/gi,
};

/** Labels for texts that fit no other. */
export const REST_LABEL = /^(other|others|unknown|none|general|misc\w*|small-talk)$/i;

export const POSITIVE =
  /\b(thank\w*|thanks|great|good|perfect|excellent|wonderful|love\w*|happy|glad|nice|helpful|awesome|appreciate\w*|brilliant|works now)\b/gi;
export const NEGATIVE =
  /\b(bad|terrible|awful|angry|annoy\w*|frustrat\w*|disappoint\w*|hate\w*|wrong|broken|not work\w*|doesn't work|useless|unacceptable|worst|late|complain\w*|sorry to say|upset|problem\w*)\b/gi;

/** The first outcome whose pattern is found holds. */
export const OUTCOMES: readonly (readonly ['escalated' | 'unresolved' | 'resolved', RegExp])[] = [
  [
    'escalated',
    /\b(manager|supervisor|human agent|real person|speak (to|with) (someone|a person|an agent)|transfer (me|you))\b/i,
  ],
  [
    'unresolved',
    /\b(still (not|doesn't|isn't|waiting|broken)|didn't help|not (solved|resolved|helpful)|never mind|forget it)\b/i,
  ],
  ['resolved', /\b(that('s| is) (all|it|perfect|great)|(it )?works now|solved|resolved|that helps?|thank(s| you))\b/i],
];

export const DANGERS: readonly (readonly [category: string, severity: 'low' | 'medium' | 'high', RegExp])[] = [
  ['self-harm', 'high', /\b(kill myself|suicid\w*|hurt myself|end my life)\b/i],
  ['violence', 'high', /\b(i('ll| will) (kill|hurt|shoot|stab) (you|him|her|them)|bomb threat)\b/i],
  ['illicit', 'medium', /\b(cocaine|heroin|build a bomb|stolen (card|cards|goods)|launder money)\b/i],
  ['harassment', 'medium', /\b(you('re| are) (an? )?(stupid|idiot|moron|worthless)|shut up|i hate you)\b/i],
  ['personal-data', 'low', /\b(?:\d[ -]?){13,16}\b|\b\d{3}-\d{2}-\d{4}\b/],
];

export const POLITE = /\b(please|thank\w*|glad|happy to|of course|certainly|sorry|welcome|let me)\b/i;

export const DUE_DATE =
  /\b(today|tonight|tomorrow|this (?:morning|afternoon|evening|week)|(?:next|on|by|this) (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|week|month)|(?:at|by) \d{1,2}(?::\d\d)? ?(?:am|pm|o'clock)?)\b/i;
