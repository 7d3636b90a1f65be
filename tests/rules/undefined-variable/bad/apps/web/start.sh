#!/bin/sh
echo "${HOME}" "${HOME:-none}"
