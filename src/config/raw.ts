import * as z from 'zod';
import {isNullNode} from '../base/yaml-resolve.ts';
import type {YamlNode} from '../base/yaml.ts';
import type {Field} from '../model/fields.ts';

/** A section that is read on its own, so that what is wrong in one does not hide what is wrong in another. */
export const raw: Field<YamlNode | null> = z
  .unknown()
  .transform((input): YamlNode | null => (isNullNode(input as YamlNode) ? null : (input as YamlNode)));
