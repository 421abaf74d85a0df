// PromQL's parts in the colours of app.css, which follow the theme.
import {HighlightStyle} from '@codemirror/language';
import {tags} from '@lezer/highlight';

export const promqlColors = HighlightStyle.define([
  {tag: tags.number, color: 'var(--nx-number)'},
  {tag: tags.string, color: 'var(--nx-string)'},
  {tag: tags.labelName, color: 'var(--nx-label)'},
  {tag: [tags.function(tags.variableName), tags.standard(tags.variableName)], color: 'var(--nx-function)'},
  {
    tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.definitionKeyword],
    color: 'var(--nx-keyword)',
  },
  {tag: tags.operator, color: 'var(--nx-text)'},
  {tag: tags.lineComment, color: 'var(--nx-comment)', fontStyle: 'italic'},
  {tag: tags.invalid, color: 'var(--nx-bad)'},
  {tag: tags.constant(tags.variableName), color: 'var(--nx-metric)'},
]);
