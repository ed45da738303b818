;; The codecs of this folder for vectors and bytes in the arena, bit for bit what their plain TypeScript versions do.
;; `npm run generate` compiles this file into codec-kernels.wasm.ts.
;; Vectors and bytes are addresses; `bytes` is the length of the float32 vector in bytes. The first 40 KiB of the arena
;; are scratch, of no meaning between calls. What is left behind the last whole piece is padded with zeros there, so
;; that a piece has always 256 or 4096 elements. No function writes beyond its vector, whatever the bytes say.
;; More than 400 lines, because they are one module over one memory and WebAssembly text has no includes.
(module
  (import "arena" "memory" (memory 1 65536 shared))
  ;; Scratch: what is left of a vector at 0, then a list of at most 4096 magnitudes and of which elements they are.
  (global $magnitudes i32 (i32.const 16384))
  (global $places i32 (i32.const 32768))
  (type $encodeBlock (func (param i32 i32)))
  (type $decodeBlock (func (param i32 i32 v128) (result i32)))
  (table funcref (elem
    $encodeFp32 $encodeFp16 $encodeBf16 $encodeInt8 $encodeInt4
    $decodeFp32 $decodeFp16 $decodeBf16 $decodeInt8 $decodeInt4))

  (func (export "encodeFp32") (param $values i32) (param $bytes i32) (param $target i32)
    (call $encodeBlocks (i32.const 0) (i32.const 0) (i32.const 32)
      (local.get $values) (local.get $bytes) (local.get $target)))
  (func (export "encodeFp16") (param $values i32) (param $bytes i32) (param $target i32)
    (call $encodeBlocks (i32.const 1) (i32.const 0) (i32.const 16)
      (local.get $values) (local.get $bytes) (local.get $target)))
  (func (export "encodeBf16") (param $values i32) (param $bytes i32) (param $target i32)
    (call $encodeBlocks (i32.const 2) (i32.const 0) (i32.const 16)
      (local.get $values) (local.get $bytes) (local.get $target)))
  (func (export "encodeInt8") (param $values i32) (param $bytes i32) (param $target i32)
    (call $encodeBlocks (i32.const 3) (i32.const 4) (i32.const 8)
      (local.get $values) (local.get $bytes) (local.get $target)))
  (func (export "encodeInt4") (param $values i32) (param $bytes i32) (param $target i32)
    (call $encodeBlocks (i32.const 4) (i32.const 4) (i32.const 4)
      (local.get $values) (local.get $bytes) (local.get $target)))

  ;; Decoders give 1 where the bytes are none that an encoder writes. With `isSubtracted` they take what they decode
  ;; away from the target.
  (func (export "decodeFp32") (param $source i32) (param $target i32) (param $bytes i32) (param $isSubtracted i32)
    (result i32)
    (call $decodeBlocks (i32.const 5) (i32.const 0) (i32.const 32)
      (local.get $source) (local.get $target) (local.get $bytes) (local.get $isSubtracted)))
  (func (export "decodeFp16") (param $source i32) (param $target i32) (param $bytes i32) (param $isSubtracted i32)
    (result i32)
    (call $decodeBlocks (i32.const 6) (i32.const 0) (i32.const 16)
      (local.get $source) (local.get $target) (local.get $bytes) (local.get $isSubtracted)))
  (func (export "decodeBf16") (param $source i32) (param $target i32) (param $bytes i32) (param $isSubtracted i32)
    (result i32)
    (call $decodeBlocks (i32.const 7) (i32.const 0) (i32.const 16)
      (local.get $source) (local.get $target) (local.get $bytes) (local.get $isSubtracted)))
  (func (export "decodeInt8") (param $source i32) (param $target i32) (param $bytes i32) (param $isSubtracted i32)
    (result i32)
    (call $decodeBlocks (i32.const 8) (i32.const 4) (i32.const 8)
      (local.get $source) (local.get $target) (local.get $bytes) (local.get $isSubtracted)))
  ;; Half a byte is left over where the number of elements is odd; it is zero.
  (func (export "decodeInt4") (param $source i32) (param $target i32) (param $bytes i32) (param $isSubtracted i32)
    (result i32)
    (i32.or
      (call $decodeBlocks (i32.const 9) (i32.const 4) (i32.const 4)
        (local.get $source) (local.get $target) (local.get $bytes) (local.get $isSubtracted))
      (if (result i32) (i32.and (local.get $bytes) (i32.const 4))
        (then (i32.lt_u (i32.const 15)
          ;; 132 bytes for each whole block, a scale, and a byte for every two elements before the last.
          (i32.load8_u offset=4 (i32.add (local.get $source) (i32.add
            (i32.mul (i32.shr_u (local.get $bytes) (i32.const 10)) (i32.const 132))
            (i32.shr_u (i32.and (local.get $bytes) (i32.const 1023)) (i32.const 3)))))))
        (else (i32.const 0)))))

  ;; A block has 256 elements: `header` bytes, then `bits` for each element.
  (func $encodeBlocks (param $block i32) (param $header i32) (param $bits i32)
    (param $values i32) (param $bytes i32) (param $target i32)
    (local $blockBytes i32)
    (local.set $blockBytes (i32.add (local.get $header) (i32.shl (local.get $bits) (i32.const 5))))
    (block $done (loop $next
      (br_if $done (i32.lt_u (local.get $bytes) (i32.const 1024)))
      (call_indirect (type $encodeBlock) (local.get $values) (local.get $target) (local.get $block))
      (local.set $values (i32.add (local.get $values) (i32.const 1024)))
      (local.set $bytes (i32.sub (local.get $bytes) (i32.const 1024)))
      (local.set $target (i32.add (local.get $target) (local.get $blockBytes)))
      (br $next)))
    (if (local.get $bytes) (then
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 1024))
      (memory.copy (i32.const 0) (local.get $values) (local.get $bytes))
      (call_indirect (type $encodeBlock) (i32.const 0) (i32.const 1024) (local.get $block))
      (memory.copy (local.get $target) (i32.const 1024)
        (call $tailBytes (local.get $header) (local.get $bits) (local.get $bytes))))))

  (func $decodeBlocks (param $block i32) (param $header i32) (param $bits i32)
    (param $source i32) (param $target i32) (param $bytes i32) (param $isSubtracted i32) (result i32)
    (local $blockBytes i32) (local $isBad i32) (local $subtracted v128)
    (local.set $subtracted (i32x4.splat (i32.sub (i32.const 0) (local.get $isSubtracted))))
    (local.set $blockBytes (i32.add (local.get $header) (i32.shl (local.get $bits) (i32.const 5))))
    (block $done (loop $next
      (br_if $done (i32.lt_u (local.get $bytes) (i32.const 1024)))
      (local.set $isBad (i32.or (local.get $isBad)
        (call_indirect (type $decodeBlock)
          (local.get $source) (local.get $target) (local.get $subtracted) (local.get $block))))
      (local.set $source (i32.add (local.get $source) (local.get $blockBytes)))
      (local.set $target (i32.add (local.get $target) (i32.const 1024)))
      (local.set $bytes (i32.sub (local.get $bytes) (i32.const 1024)))
      (br $next)))
    (if (local.get $bytes) (then
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 2048))
      (memory.copy (i32.const 0) (local.get $target) (local.get $bytes))
      (memory.copy (i32.const 1024) (local.get $source)
        (call $tailBytes (local.get $header) (local.get $bits) (local.get $bytes)))
      (local.set $isBad (i32.or (local.get $isBad)
        (call_indirect (type $decodeBlock)
          (i32.const 1024) (i32.const 0) (local.get $subtracted) (local.get $block))))
      (memory.copy (local.get $target) (i32.const 0) (local.get $bytes))))
    (local.get $isBad))

  (func $tailBytes (param $header i32) (param $bits i32) (param $bytes i32) (result i32)
    (i32.add (local.get $header)
      (i32.shr_u (i32.add (i32.mul (i32.shr_u (local.get $bytes) (i32.const 2)) (local.get $bits)) (i32.const 7))
        (i32.const 3))))

  ;; target = y, or target -= y
  (func $put (param $target i32) (param $y v128) (param $subtracted v128)
    (v128.store (local.get $target)
      (v128.bitselect (f32x4.sub (v128.load (local.get $target)) (local.get $y)) (local.get $y)
        (local.get $subtracted))))

  (func $encodeFp32 (param $values i32) (param $target i32)
    (memory.copy (local.get $target) (local.get $values) (i32.const 1024)))

  (func $decodeFp32 (param $source i32) (param $target i32) (param $subtracted v128) (result i32)
    (local $end i32) (local $y v128) (local $greatest v128)
    (local.set $end (i32.add (local.get $source) (i32.const 1024)))
    (loop $next
      (local.set $y (v128.load (local.get $source)))
      (local.set $greatest (i32x4.max_s (local.get $greatest) (call $magnitude (local.get $y))))
      (call $put (local.get $target) (local.get $y) (local.get $subtracted))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (br_if $next (i32.ne (local.get $source) (local.get $end))))
    (i32.gt_s (call $greatestLane (local.get $greatest)) (i32.const 0x7f7fffff)))

  ;; The bits without their sign: finite floats then compare like integers.
  (func $magnitude (param $values v128) (result v128)
    (v128.and (local.get $values) (v128.const i32x4 0x7fffffff 0x7fffffff 0x7fffffff 0x7fffffff)))

  (func $greatestLane (param $lanes v128) (result i32)
    (local.set $lanes (i32x4.max_s (local.get $lanes)
      (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $lanes) (local.get $lanes))))
    (i32x4.extract_lane 0 (i32x4.max_s (local.get $lanes)
      (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $lanes) (local.get $lanes)))))

  (func $encodeFp16 (param $values i32) (param $target i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $target) (i32.const 512)))
    (loop $next
      (v128.store (local.get $target)
        (i16x8.narrow_i32x4_u
          (call $toHalf (v128.load (local.get $values)))
          (call $toHalf (v128.load offset=16 (local.get $values)))))
      (local.set $values (i32.add (local.get $values) (i32.const 32)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br_if $next (i32.ne (local.get $target) (local.get $end)))))

  ;; Four float32 to the bits of four float16, to nearest, ties to even, at most 65504. Below 2^-14 adding 0.5 lets the
  ;; float32 adder round at the last place of a subnormal float16; above, a carry out of the dropped bits does.
  (func $toHalf (param $values v128) (result v128)
    (local $a v128)
    (local.set $a (i32x4.min_s (call $magnitude (local.get $values))
      (v128.const i32x4 0x477fe000 0x477fe000 0x477fe000 0x477fe000)))
    (v128.or
      (i32x4.shr_u (v128.and (local.get $values) (v128.const i32x4 0x80000000 0x80000000 0x80000000 0x80000000))
        (i32.const 16))
      (v128.bitselect
        (i32x4.sub (f32x4.add (local.get $a) (v128.const f32x4 0.5 0.5 0.5 0.5))
          (v128.const i32x4 0x3f000000 0x3f000000 0x3f000000 0x3f000000))
        (i32x4.shr_u
          (i32x4.add
            (i32x4.add (local.get $a) (v128.const i32x4 0xc8000fff 0xc8000fff 0xc8000fff 0xc8000fff))
            (v128.and (i32x4.shr_u (local.get $a) (i32.const 13)) (v128.const i32x4 1 1 1 1)))
          (i32.const 13))
        (i32x4.lt_s (local.get $a) (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000)))))

  (func $decodeFp16 (param $source i32) (param $target i32) (param $subtracted v128) (result i32)
    (local $end i32) (local $halves v128) (local $greatest v128)
    (local.set $end (i32.add (local.get $source) (i32.const 512)))
    (loop $next
      (local.set $halves (v128.load (local.get $source)))
      (local.set $greatest (i16x8.max_s (local.get $greatest)
        (v128.and (local.get $halves) (v128.const i32x4 0x7fff7fff 0x7fff7fff 0x7fff7fff 0x7fff7fff))))
      (call $put (local.get $target)
        (call $fromHalf (i32x4.extend_low_i16x8_u (local.get $halves))) (local.get $subtracted))
      (call $put (i32.add (local.get $target) (i32.const 16))
        (call $fromHalf (i32x4.extend_high_i16x8_u (local.get $halves))) (local.get $subtracted))
      (local.set $target (i32.add (local.get $target) (i32.const 32)))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (br_if $next (i32.ne (local.get $source) (local.get $end))))
    (v128.any_true (i16x8.ge_s (local.get $greatest)
      (v128.const i32x4 0x7c007c00 0x7c007c00 0x7c007c00 0x7c007c00))))

  ;; The bits of four float16, each in 32, to four float32. Subnormal ones get an implicit bit and lose it by subtraction.
  (func $fromHalf (param $halves v128) (result v128)
    (local $a v128)
    (local.set $a (i32x4.shl (v128.and (local.get $halves) (v128.const i32x4 0x7fff 0x7fff 0x7fff 0x7fff))
      (i32.const 13)))
    (v128.or
      (i32x4.shl (v128.and (local.get $halves) (v128.const i32x4 0x8000 0x8000 0x8000 0x8000)) (i32.const 16))
      (v128.bitselect
        (f32x4.sub (i32x4.add (local.get $a) (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))
          (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))
        (i32x4.add (local.get $a) (v128.const i32x4 0x38000000 0x38000000 0x38000000 0x38000000))
        (i32x4.lt_s (local.get $a) (v128.const i32x4 0x00800000 0x00800000 0x00800000 0x00800000)))))

  ;; To nearest, ties to even, at most the largest finite value.
  (func $encodeBf16 (param $values i32) (param $target i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $target) (i32.const 512)))
    (loop $next
      (v128.store (local.get $target)
        (i16x8.narrow_i32x4_u
          (call $toBf16 (v128.load (local.get $values)))
          (call $toBf16 (v128.load offset=16 (local.get $values)))))
      (local.set $values (i32.add (local.get $values) (i32.const 32)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br_if $next (i32.ne (local.get $target) (local.get $end)))))

  (func $toBf16 (param $values v128) (result v128)
    (local $a v128)
    (local.set $a (i32x4.min_s (call $magnitude (local.get $values))
      (v128.const i32x4 0x7f7f0000 0x7f7f0000 0x7f7f0000 0x7f7f0000)))
    (v128.or
      (i32x4.shr_u (v128.and (local.get $values) (v128.const i32x4 0x80000000 0x80000000 0x80000000 0x80000000))
        (i32.const 16))
      (i32x4.shr_u
        (i32x4.add
          (i32x4.add (local.get $a) (v128.const i32x4 0x7fff 0x7fff 0x7fff 0x7fff))
          (v128.and (i32x4.shr_u (local.get $a) (i32.const 16)) (v128.const i32x4 1 1 1 1)))
        (i32.const 16))))

  (func $decodeBf16 (param $source i32) (param $target i32) (param $subtracted v128) (result i32)
    (local $end i32) (local $halves v128) (local $greatest v128)
    (local.set $end (i32.add (local.get $source) (i32.const 512)))
    (loop $next
      (local.set $halves (v128.load (local.get $source)))
      (local.set $greatest (i16x8.max_s (local.get $greatest)
        (v128.and (local.get $halves) (v128.const i32x4 0x7fff7fff 0x7fff7fff 0x7fff7fff 0x7fff7fff))))
      (call $put (local.get $target)
        (i32x4.shl (i32x4.extend_low_i16x8_u (local.get $halves)) (i32.const 16)) (local.get $subtracted))
      (call $put (i32.add (local.get $target) (i32.const 16))
        (i32x4.shl (i32x4.extend_high_i16x8_u (local.get $halves)) (i32.const 16)) (local.get $subtracted))
      (local.set $target (i32.add (local.get $target) (i32.const 32)))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (br_if $next (i32.ne (local.get $source) (local.get $end))))
    (v128.any_true (i16x8.ge_s (local.get $greatest)
      (v128.const i32x4 0x7f807f80 0x7f807f80 0x7f807f80 0x7f807f80))))

  ;; The scale of a block of 256, as block-scale.ts has it: levels is 127 or 7, largest its largest scale's bits.
  (func $blockScale (param $values i32) (param $levels i32) (param $largest i32) (result f32)
    (local $end i32) (local $greatest v128) (local $other v128) (local $bits i32)
    (local.set $end (i32.add (local.get $values) (i32.const 1024)))
    (loop $next
      (local.set $greatest (i32x4.max_s (local.get $greatest) (call $magnitude (v128.load (local.get $values)))))
      (local.set $other (i32x4.max_s (local.get $other) (call $magnitude (v128.load offset=16 (local.get $values)))))
      (local.set $values (i32.add (local.get $values) (i32.const 32)))
      (br_if $next (i32.ne (local.get $values) (local.get $end))))
    (local.set $bits (i32.reinterpret_f32 (f32.div
      (f32.reinterpret_i32 (call $greatestLane (i32x4.max_s (local.get $greatest) (local.get $other))))
      (f32.convert_i32_s (local.get $levels)))))
    (if (i32.lt_u (local.get $bits) (i32.const 0x00800000)) (then (return (f32.const 0))))
    (if (i32.eq (i32.and (local.get $bits) (local.get $levels))
          (i32.shr_u (i32.add (local.get $levels) (i32.const 1)) (i32.const 1)))
      (then (local.set $bits (i32.sub (local.get $bits) (i32.const 1)))))
    (f32.reinterpret_i32 (select (local.get $bits) (local.get $largest)
      (i32.lt_u (local.get $bits) (local.get $largest)))))

  ;; Not zero, and not between the smallest normal number and the largest scale.
  (func $isBadScale (param $bits i32) (param $largest i32) (result i32)
    (i32.and (i32.ne (local.get $bits) (i32.const 0))
      (i32.gt_u (i32.sub (local.get $bits) (i32.const 0x00800000))
        (i32.sub (local.get $largest) (i32.const 0x00800000)))))

  ;; Sixteen elements to sixteen bytes. Truncating after adding the float32 below a half, with the element's sign, rounds
  ;; to nearest and exact halves away from zero. Relaxed truncation is exact for what fits 32 bits, as all of this does.
  (func $quantise (param $values i32) (param $scale v128) (result v128)
    (i8x16.narrow_i16x8_s
      (i16x8.narrow_i32x4_s
        (call $rounded (f32x4.div (v128.load (local.get $values)) (local.get $scale)))
        (call $rounded (f32x4.div (v128.load offset=16 (local.get $values)) (local.get $scale))))
      (i16x8.narrow_i32x4_s
        (call $rounded (f32x4.div (v128.load offset=32 (local.get $values)) (local.get $scale)))
        (call $rounded (f32x4.div (v128.load offset=48 (local.get $values)) (local.get $scale))))))

  (func $rounded (param $v v128) (result v128)
    (i32x4.relaxed_trunc_f32x4_s (f32x4.add (local.get $v)
      (v128.or (v128.const i32x4 0x3effffff 0x3effffff 0x3effffff 0x3effffff)
        (v128.and (local.get $v) (v128.const i32x4 0x80000000 0x80000000 0x80000000 0x80000000))))))

  (func $encodeInt8 (param $values i32) (param $target i32)
    (local $end i32) (local $scale f32) (local $scale4 v128)
    (local.set $scale (call $blockScale (local.get $values) (i32.const 127) (i32.const 0x7c010203)))
    (f32.store (local.get $target) (local.get $scale))
    (local.set $target (i32.add (local.get $target) (i32.const 4)))
    (if (f32.eq (local.get $scale) (f32.const 0)) (then
      (memory.fill (local.get $target) (i32.const 0) (i32.const 256))
      (return)))
    (local.set $scale4 (f32x4.splat (local.get $scale)))
    (local.set $end (i32.add (local.get $target) (i32.const 256)))
    (loop $next
      (v128.store (local.get $target) (call $quantise (local.get $values) (local.get $scale4)))
      (local.set $values (i32.add (local.get $values) (i32.const 64)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br_if $next (i32.ne (local.get $target) (local.get $end)))))

  ;; Two elements to a byte: the four low bits of each 16-bit lane's halves move together.
  (func $encodeInt4 (param $values i32) (param $target i32)
    (local $end i32) (local $scale f32) (local $scale4 v128) (local $q v128) (local $pairs v128)
    (local.set $scale (call $blockScale (local.get $values) (i32.const 7) (i32.const 0x7e124923)))
    (f32.store (local.get $target) (local.get $scale))
    (local.set $target (i32.add (local.get $target) (i32.const 4)))
    (if (f32.eq (local.get $scale) (f32.const 0)) (then
      (memory.fill (local.get $target) (i32.const 0) (i32.const 128))
      (return)))
    (local.set $scale4 (f32x4.splat (local.get $scale)))
    (local.set $end (i32.add (local.get $target) (i32.const 128)))
    (loop $next
      (local.set $q (call $quantise (local.get $values) (local.get $scale4)))
      (local.set $pairs (v128.or
        (v128.and (local.get $q) (v128.const i32x4 0x000f000f 0x000f000f 0x000f000f 0x000f000f))
        (v128.and (i16x8.shr_u (local.get $q) (i32.const 4))
          (v128.const i32x4 0x00f000f0 0x00f000f0 0x00f000f0 0x00f000f0))))
      (v128.store64_lane 0 (local.get $target) (i8x16.narrow_i16x8_u (local.get $pairs) (local.get $pairs)))
      (local.set $values (i32.add (local.get $values) (i32.const 64)))
      (local.set $target (i32.add (local.get $target) (i32.const 8)))
      (br_if $next (i32.ne (local.get $target) (local.get $end)))))

  ;; Eight 16-bit integers times the scale.
  (func $putScaled (param $target i32) (param $q v128) (param $scale v128) (param $subtracted v128)
    (call $put (local.get $target)
      (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s (local.get $q))) (local.get $scale))
      (local.get $subtracted))
    (call $put (i32.add (local.get $target) (i32.const 16))
      (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s (local.get $q))) (local.get $scale))
      (local.get $subtracted)))

  (func $decodeInt8 (param $source i32) (param $target i32) (param $subtracted v128) (result i32)
    (local $end i32) (local $isBad i32) (local $scale v128) (local $q v128) (local $least v128)
    (local.set $isBad (call $isBadScale (i32.load (local.get $source)) (i32.const 0x7c010203)))
    (local.set $scale (v128.load32_splat (local.get $source)))
    (local.set $source (i32.add (local.get $source) (i32.const 4)))
    (local.set $end (i32.add (local.get $source) (i32.const 256)))
    (loop $next
      (local.set $q (v128.load (local.get $source)))
      (local.set $least (i8x16.min_s (local.get $least) (local.get $q)))
      (call $putScaled (local.get $target)
        (i16x8.extend_low_i8x16_s (local.get $q)) (local.get $scale) (local.get $subtracted))
      (call $putScaled (i32.add (local.get $target) (i32.const 32))
        (i16x8.extend_high_i8x16_s (local.get $q)) (local.get $scale) (local.get $subtracted))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (local.set $target (i32.add (local.get $target) (i32.const 64)))
      (br_if $next (i32.ne (local.get $source) (local.get $end))))
    (i32.or (local.get $isBad)
      (v128.any_true (i8x16.eq (local.get $least)
        (v128.const i32x4 0x80808080 0x80808080 0x80808080 0x80808080)))))

  (func $decodeInt4 (param $source i32) (param $target i32) (param $subtracted v128) (result i32)
    (local $end i32) (local $isBad i32) (local $scale v128)
    (local $pairs v128) (local $even v128) (local $odd v128) (local $least v128)
    (local.set $isBad (call $isBadScale (i32.load (local.get $source)) (i32.const 0x7e124923)))
    (local.set $scale (v128.load32_splat (local.get $source)))
    (local.set $source (i32.add (local.get $source) (i32.const 4)))
    (local.set $end (i32.add (local.get $source) (i32.const 128)))
    (loop $next
      (local.set $pairs (v128.load8x8_u (local.get $source)))
      (local.set $even (i16x8.shr_s (i16x8.shl (local.get $pairs) (i32.const 12)) (i32.const 12)))
      (local.set $odd (i16x8.shr_s (i16x8.shl (local.get $pairs) (i32.const 8)) (i32.const 12)))
      (local.set $least (i16x8.min_s (local.get $least) (i16x8.min_s (local.get $even) (local.get $odd))))
      (call $putScaled (local.get $target)
        (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $even) (local.get $odd))
        (local.get $scale) (local.get $subtracted))
      (call $putScaled (i32.add (local.get $target) (i32.const 32))
        (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $even) (local.get $odd))
        (local.get $scale) (local.get $subtracted))
      (local.set $source (i32.add (local.get $source) (i32.const 8)))
      (local.set $target (i32.add (local.get $target) (i32.const 64)))
      (br_if $next (i32.ne (local.get $source) (local.get $end))))
    (i32.or (local.get $isBad)
      (v128.any_true (i16x8.eq (local.get $least)
        (v128.const i32x4 0xfff8fff8 0xfff8fff8 0xfff8fff8 0xfff8fff8)))))

  ;; Chunks of 4096 elements. `k` elements of each whole chunk are sent, `kLast` of what is left behind the last one.
  (func (export "encodeTopK")
    (param $values i32) (param $bytes i32) (param $target i32) (param $k i32) (param $kLast i32)
    (block $done (loop $next
      (br_if $done (i32.lt_u (local.get $bytes) (i32.const 16384)))
      (call $encodeTopKChunk (local.get $values) (local.get $target) (local.get $k))
      (local.set $values (i32.add (local.get $values) (i32.const 16384)))
      (local.set $bytes (i32.sub (local.get $bytes) (i32.const 16384)))
      (local.set $target (i32.add (local.get $target) (i32.shl (local.get $k) (i32.const 2))))
      (br $next)))
    (if (local.get $bytes) (then
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 16384))
      (memory.copy (i32.const 0) (local.get $values) (local.get $bytes))
      (call $encodeTopKChunk (i32.const 0) (local.get $target) (local.get $kLast)))))

  (func (export "encodeSparseLoco")
    (param $values i32) (param $bytes i32) (param $target i32) (param $k i32) (param $kLast i32)
    (block $done (loop $next
      (br_if $done (i32.lt_u (local.get $bytes) (i32.const 16384)))
      (call $encodeSparseLocoChunk (local.get $values) (local.get $target) (local.get $k))
      (local.set $values (i32.add (local.get $values) (i32.const 16384)))
      (local.set $bytes (i32.sub (local.get $bytes) (i32.const 16384)))
      (local.set $target (i32.add (local.get $target) (call $sparseLocoBytes (local.get $k))))
      (br $next)))
    (if (local.get $bytes) (then
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 16384))
      (memory.copy (i32.const 0) (local.get $values) (local.get $bytes))
      (call $encodeSparseLocoChunk (i32.const 0) (local.get $target) (local.get $kLast)))))

  (func (export "decodeTopK")
    (param $source i32) (param $target i32) (param $bytes i32) (param $k i32) (param $kLast i32)
    (param $isSubtracted i32) (result i32)
    (local $isBad i32)
    (if (i32.eqz (local.get $isSubtracted))
      (then (memory.fill (local.get $target) (i32.const 0) (local.get $bytes))))
    (block $done (loop $next
      (br_if $done (i32.lt_u (local.get $bytes) (i32.const 16384)))
      (local.set $isBad (i32.or (local.get $isBad)
        (call $decodeTopKChunk (local.get $source) (local.get $target) (i32.const 4096) (local.get $k)
          (local.get $isSubtracted))))
      (local.set $source (i32.add (local.get $source) (i32.shl (local.get $k) (i32.const 2))))
      (local.set $target (i32.add (local.get $target) (i32.const 16384)))
      (local.set $bytes (i32.sub (local.get $bytes) (i32.const 16384)))
      (br $next)))
    (if (i32.eqz (local.get $bytes)) (then (return (local.get $isBad))))
    (i32.or (local.get $isBad)
      (call $decodeTopKChunk (local.get $source) (local.get $target) (i32.shr_u (local.get $bytes) (i32.const 2))
        (local.get $kLast) (local.get $isSubtracted))))

  (func (export "decodeSparseLoco")
    (param $source i32) (param $target i32) (param $bytes i32) (param $k i32) (param $kLast i32)
    (param $isSubtracted i32) (result i32)
    (local $isBad i32)
    (if (i32.eqz (local.get $isSubtracted))
      (then (memory.fill (local.get $target) (i32.const 0) (local.get $bytes))))
    (block $done (loop $next
      (br_if $done (i32.lt_u (local.get $bytes) (i32.const 16384)))
      (local.set $isBad (i32.or (local.get $isBad)
        (call $decodeSparseLocoChunk (local.get $source) (local.get $target) (i32.const 4096) (local.get $k)
          (local.get $isSubtracted))))
      (local.set $source (i32.add (local.get $source) (call $sparseLocoBytes (local.get $k))))
      (local.set $target (i32.add (local.get $target) (i32.const 16384)))
      (local.set $bytes (i32.sub (local.get $bytes) (i32.const 16384)))
      (br $next)))
    (if (i32.eqz (local.get $bytes)) (then (return (local.get $isBad))))
    (i32.or (local.get $isBad)
      (call $decodeSparseLocoChunk (local.get $source) (local.get $target)
        (i32.shr_u (local.get $bytes) (i32.const 2)) (local.get $kLast) (local.get $isSubtracted))))

  ;; Writes the indices of the k largest magnitudes of a chunk, ascending; equal magnitudes go to the lower index.
  ;; Exact, and quick because most elements are looked at only twice: the k-th largest of the maxima of groups is a bound
  ;; that at least k elements reach, and few more do where k is small. Among those the k-th largest is searched for.
  (func $selectLargest (param $values i32) (param $indices i32) (param $k i32)
    (local $groupVectors i32) (local $threshold i32) (local $count i32) (local $ties i32)
    (local $at i32) (local $end i32) (local $index i32) (local $magnitude i32)
    (if (i32.le_u (local.get $k) (i32.const 256)) (then
      (local.set $groupVectors (select (i32.const 16) (i32.const 4) (i32.le_u (local.get $k) (i32.const 64))))
      (call $groupMaxima (local.get $values) (local.get $groupVectors))
      (local.set $threshold
        (call $kthLargest (i32.div_u (i32.const 1024) (local.get $groupVectors)) (local.get $k)
          (i32.const 0) (i32.const 0x8000)))))
    (local.set $count (call $collect (local.get $values) (local.get $threshold)))
    (local.set $threshold
      (call $kthLargest (local.get $count) (local.get $k) (local.get $threshold) (i32.const 1)))
    (local.set $ties (i32.sub (local.get $k)
      (call $countFrom (local.get $count) (i32.add (local.get $threshold) (i32.const 1)))))
    (local.set $at (global.get $magnitudes))
    (local.set $end (i32.add (local.get $at) (i32.shl (local.get $count) (i32.const 4))))
    (local.set $index (global.get $places))
    (loop $next
      (local.set $magnitude (i32.load (local.get $at)))
      (block $stays
        (br_if $stays (i32.lt_s (local.get $magnitude) (local.get $threshold)))
        (if (i32.eq (local.get $magnitude) (local.get $threshold)) (then
          (br_if $stays (i32.le_s (local.get $ties) (i32.const 0)))
          (local.set $ties (i32.sub (local.get $ties) (i32.const 1)))))
        (i32.store16 (local.get $indices) (i32.load16_u (local.get $index)))
        (local.set $indices (i32.add (local.get $indices) (i32.const 2)))
        (local.set $k (i32.sub (local.get $k) (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (local.set $index (i32.add (local.get $index) (i32.const 2)))
      (br_if $next (i32.and
        (i32.ne (local.get $k) (i32.const 0))
        (i32.ne (local.get $at) (local.get $end))))))

  ;; Of sixteen elements a bit for each whose magnitude reaches the bound.
  (func $reaching (param $values i32) (param $bound v128) (result i32)
    (i8x16.bitmask (i8x16.narrow_i16x8_s
      (i16x8.narrow_i32x4_s
        (i32x4.ge_s (call $magnitude (v128.load (local.get $values))) (local.get $bound))
        (i32x4.ge_s (call $magnitude (v128.load offset=16 (local.get $values))) (local.get $bound)))
      (i16x8.narrow_i32x4_s
        (i32x4.ge_s (call $magnitude (v128.load offset=32 (local.get $values))) (local.get $bound))
        (i32x4.ge_s (call $magnitude (v128.load offset=48 (local.get $values))) (local.get $bound))))))

  ;; Lists, of each group of vectors, the largest magnitudes lane by lane.
  (func $groupMaxima (param $values i32) (param $groupVectors i32)
    (local $at i32) (local $groupEnd i32) (local $end i32) (local $greatest v128)
    (local.set $at (global.get $magnitudes))
    (local.set $end (i32.add (local.get $values) (i32.const 16384)))
    (loop $group
      (local.set $greatest (v128.const i32x4 0 0 0 0))
      (local.set $groupEnd (i32.add (local.get $values) (i32.shl (local.get $groupVectors) (i32.const 4))))
      (loop $vectors
        (local.set $greatest (i32x4.max_s
          (i32x4.max_s (local.get $greatest) (call $magnitude (v128.load (local.get $values))))
          (i32x4.max_s (call $magnitude (v128.load offset=16 (local.get $values)))
            (i32x4.max_s (call $magnitude (v128.load offset=32 (local.get $values)))
              (call $magnitude (v128.load offset=48 (local.get $values)))))))
        (local.set $values (i32.add (local.get $values) (i32.const 64)))
        (br_if $vectors (i32.ne (local.get $values) (local.get $groupEnd))))
      (v128.store (local.get $at) (local.get $greatest))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $group (i32.ne (local.get $values) (local.get $end)))))

  ;; Lists the magnitudes that reach the bound and which elements they are of, in their order, then zeros up to four
  ;; whole vectors; gives the number of vectors.
  (func $collect (param $values i32) (param $bound i32) (result i32)
    (local $at i32) (local $index i32) (local $start i32) (local $end i32) (local $lane i32) (local $reached i32)
    (local $bound4 v128)
    (local.set $bound4 (i32x4.splat (local.get $bound)))
    (local.set $at (global.get $magnitudes))
    (local.set $index (global.get $places))
    (local.set $start (local.get $values))
    (local.set $end (i32.add (local.get $values) (i32.const 16384)))
    (loop $group
      (local.set $reached (call $reaching (local.get $values) (local.get $bound4)))
      (block $none (loop $lanes
        (br_if $none (i32.eqz (local.get $reached)))
        (local.set $lane (i32.add (local.get $values) (i32.shl (i32.ctz (local.get $reached)) (i32.const 2))))
        (i32.store (local.get $at) (i32.and (i32.load (local.get $lane)) (i32.const 0x7fffffff)))
        (i32.store16 (local.get $index) (i32.shr_u (i32.sub (local.get $lane) (local.get $start)) (i32.const 2)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (local.set $index (i32.add (local.get $index) (i32.const 2)))
        (local.set $reached (i32.and (local.get $reached) (i32.sub (local.get $reached) (i32.const 1))))
        (br $lanes)))
      (local.set $values (i32.add (local.get $values) (i32.const 64)))
      (br_if $group (i32.ne (local.get $values) (local.get $end))))
    (block $whole (loop $pad
      (br_if $whole (i32.eqz (i32.and (local.get $at) (i32.const 63))))
      (i32.store (local.get $at) (i32.const 0))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br $pad)))
    (i32.shr_u (i32.sub (local.get $at) (global.get $magnitudes)) (i32.const 4)))

  ;; The largest number that at least k of the listed magnitudes reach, or one less than `precision` below it. Bisects
  ;; between `low`, which at least k reach, and what no finite number does.
  (func $kthLargest (param $vectors i32) (param $k i32) (param $low i32) (param $precision i32) (result i32)
    (local $high i32) (local $middle i32)
    (local.set $high (i32.const 0x7f800000))
    (loop $next
      (local.set $middle (i32.shr_u (i32.add (local.get $low) (local.get $high)) (i32.const 1)))
      (if (i32.ge_s (call $countFrom (local.get $vectors) (local.get $middle)) (local.get $k))
        (then (local.set $low (local.get $middle)))
        (else (local.set $high (local.get $middle))))
      (br_if $next (i32.gt_u (i32.sub (local.get $high) (local.get $low)) (local.get $precision))))
    (local.get $low))

  ;; How many of the listed magnitudes reach the bound.
  (func $countFrom (param $vectors i32) (param $bound i32) (result i32)
    (local $at i32) (local $end i32) (local $bound4 v128) (local $count v128)
    (local.set $bound4 (i32x4.splat (local.get $bound)))
    (local.set $at (global.get $magnitudes))
    (local.set $end (i32.add (local.get $at) (i32.shl (local.get $vectors) (i32.const 4))))
    (loop $next
      (local.set $count (i32x4.add (local.get $count)
        (i32x4.add
          (i32x4.add
            (i32x4.ge_s (v128.load (local.get $at)) (local.get $bound4))
            (i32x4.ge_s (v128.load offset=16 (local.get $at)) (local.get $bound4)))
          (i32x4.add
            (i32x4.ge_s (v128.load offset=32 (local.get $at)) (local.get $bound4))
            (i32x4.ge_s (v128.load offset=48 (local.get $at)) (local.get $bound4))))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    ;; A comparison that holds is -1.
    (i32.sub (i32.const 0) (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $count)) (i32x4.extract_lane 1 (local.get $count)))
      (i32.add (i32x4.extract_lane 2 (local.get $count)) (i32x4.extract_lane 3 (local.get $count))))))

  ;; The address of the element that the index at `index` names.
  (func $elementAt (param $values i32) (param $index i32) (result i32)
    (i32.add (local.get $values) (i32.shl (i32.load16_u (local.get $index)) (i32.const 2))))

  (func $encodeTopKChunk (param $values i32) (param $target i32) (param $k i32)
    (local $index i32) (local $end i32)
    (call $selectLargest (local.get $values) (local.get $target) (local.get $k))
    (local.set $index (local.get $target))
    (local.set $end (i32.add (local.get $target) (i32.shl (local.get $k) (i32.const 1))))
    (local.set $target (local.get $end))
    (loop $next
      (i32.store16 (local.get $target) (i32x4.extract_lane 0 (call $toHalf
        (v128.load32_zero (call $elementAt (local.get $values) (local.get $index))))))
      (local.set $target (i32.add (local.get $target) (i32.const 2)))
      (local.set $index (i32.add (local.get $index) (i32.const 2)))
      (br_if $next (i32.ne (local.get $index) (local.get $end)))))

  ;; One element: y, or itself minus y.
  (func $putOne (param $element i32) (param $y f32) (param $isSubtracted i32)
    (f32.store (local.get $element)
      (select (f32.sub (f32.load (local.get $element)) (local.get $y)) (local.get $y) (local.get $isSubtracted))))

  ;; Stops where an index is not above the one before or not inside the chunk.
  (func $decodeTopKChunk
    (param $source i32) (param $target i32) (param $length i32) (param $k i32) (param $isSubtracted i32) (result i32)
    (local $indexEnd i32) (local $value i32) (local $index i32) (local $least i32) (local $half i32)
    (local.set $indexEnd (i32.add (local.get $source) (i32.shl (local.get $k) (i32.const 1))))
    (local.set $value (local.get $indexEnd))
    (loop $next
      (local.set $index (i32.load16_u (local.get $source)))
      (local.set $half (i32.load16_u (local.get $value)))
      (if (i32.or
            (i32.or (i32.lt_u (local.get $index) (local.get $least))
              (i32.ge_u (local.get $index) (local.get $length)))
            (i32.eq (i32.and (local.get $half) (i32.const 0x7c00)) (i32.const 0x7c00)))
        (then (return (i32.const 1))))
      (call $putOne (i32.add (local.get $target) (i32.shl (local.get $index) (i32.const 2)))
        (f32x4.extract_lane 0 (call $fromHalf (i32x4.splat (local.get $half)))) (local.get $isSubtracted))
      (local.set $least (i32.add (local.get $index) (i32.const 1)))
      (local.set $source (i32.add (local.get $source) (i32.const 2)))
      (local.set $value (i32.add (local.get $value) (i32.const 2)))
      (br_if $next (i32.ne (local.get $source) (local.get $indexEnd))))
    (i32.const 0))

  ;; Indices, two levels, two bits for each value.
  (func $sparseLocoBytes (param $k i32) (result i32)
    (i32.add (i32.add (i32.shl (local.get $k) (i32.const 1)) (i32.const 4))
      (i32.shr_u (i32.add (local.get $k) (i32.const 3)) (i32.const 2))))

  ;; As sparse-loco.ts has it: sums in float64 and in the order of the indices.
  (func $encodeSparseLocoChunk (param $values i32) (param $target i32) (param $k i32)
    (local $indices i32) (local $end i32) (local $at i32) (local $bits i32) (local $place i32)
    (local $least f32) (local $greatest f32) (local $cut f64) (local $magnitude f64)
    (local $smallSum f64) (local $small f64) (local $largeSum f64) (local $large f64)
    (call $selectLargest (local.get $values) (local.get $target) (local.get $k))
    (local.set $indices (local.get $target))
    (local.set $end (i32.add (local.get $target) (i32.shl (local.get $k) (i32.const 1))))
    (local.set $at (local.get $indices))
    (local.set $least (f32.const inf))
    (loop $next
      (local.set $least
        (f32.min (local.get $least) (f32.abs (f32.load (call $elementAt (local.get $values) (local.get $at))))))
      (local.set $greatest
        (f32.max (local.get $greatest) (f32.abs (f32.load (call $elementAt (local.get $values) (local.get $at))))))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (br_if $next (i32.ne (local.get $at) (local.get $end))))
    (local.set $cut (f64.mul (f64.const 0.5)
      (f64.add (f64.promote_f32 (local.get $least)) (f64.promote_f32 (local.get $greatest)))))
    (local.set $at (local.get $indices))
    (local.set $target (i32.add (local.get $end) (i32.const 4)))
    (loop $next
      (local.set $bits (i32.load (call $elementAt (local.get $values) (local.get $at))))
      (local.set $magnitude
        (f64.promote_f32 (f32.reinterpret_i32 (i32.and (local.get $bits) (i32.const 0x7fffffff)))))
      (local.set $bits (i32.shl (i32.shr_u (local.get $bits) (i32.const 31)) (i32.const 1)))
      (if (f64.gt (local.get $magnitude) (local.get $cut))
        (then
          (local.set $bits (i32.or (local.get $bits) (i32.const 1)))
          (local.set $largeSum (f64.add (local.get $largeSum) (local.get $magnitude)))
          (local.set $large (f64.add (local.get $large) (f64.const 1))))
        (else
          (local.set $smallSum (f64.add (local.get $smallSum) (local.get $magnitude)))
          (local.set $small (f64.add (local.get $small) (f64.const 1)))))
      (if (i32.eqz (local.get $place))
        (then (i32.store8 (local.get $target) (local.get $bits)))
        (else (i32.store8 (local.get $target)
          (i32.or (i32.load8_u (local.get $target)) (i32.shl (local.get $bits) (local.get $place))))))
      (local.set $place (i32.and (i32.add (local.get $place) (i32.const 2)) (i32.const 7)))
      (if (i32.eqz (local.get $place)) (then (local.set $target (i32.add (local.get $target) (i32.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (br_if $next (i32.ne (local.get $at) (local.get $end))))
    (call $storeMean (local.get $end) (local.get $smallSum) (local.get $small))
    (call $storeMean (i32.add (local.get $end) (i32.const 2)) (local.get $largeSum) (local.get $large)))

  ;; As bfloat16; 0 of nothing.
  (func $storeMean (param $target i32) (param $sum f64) (param $count f64)
    (i32.store16 (local.get $target) (i32x4.extract_lane 0 (call $toBf16 (f32x4.splat (f32.demote_f64
      (f64.div (local.get $sum) (f64.max (local.get $count) (f64.const 1)))))))))

  (func $decodeSparseLocoChunk
    (param $source i32) (param $target i32) (param $length i32) (param $k i32) (param $isSubtracted i32) (result i32)
    (local $indexEnd i32) (local $code i32) (local $bits i32) (local $place i32)
    (local $index i32) (local $least i32) (local $small i32) (local $large i32)
    (local.set $indexEnd (i32.add (local.get $source) (i32.shl (local.get $k) (i32.const 1))))
    (local.set $small (i32.load16_u (local.get $indexEnd)))
    (local.set $large (i32.load16_u offset=2 (local.get $indexEnd)))
    (if (i32.or (i32.gt_u (local.get $small) (i32.const 0x7f7f)) (i32.gt_u (local.get $large) (i32.const 0x7f7f)))
      (then (return (i32.const 1))))
    (local.set $code (i32.add (local.get $indexEnd) (i32.const 4)))
    (loop $next
      (local.set $index (i32.load16_u (local.get $source)))
      (if (i32.or (i32.lt_u (local.get $index) (local.get $least))
            (i32.ge_u (local.get $index) (local.get $length)))
        (then (return (i32.const 1))))
      (local.set $bits (i32.shr_u (i32.load8_u (local.get $code)) (local.get $place)))
      (call $putOne (i32.add (local.get $target) (i32.shl (local.get $index) (i32.const 2)))
        (f32.reinterpret_i32 (i32.or
          (i32.shl (select (local.get $large) (local.get $small) (i32.and (local.get $bits) (i32.const 1)))
            (i32.const 16))
          (i32.shl (i32.and (local.get $bits) (i32.const 2)) (i32.const 30))))
        (local.get $isSubtracted))
      (local.set $place (i32.and (i32.add (local.get $place) (i32.const 2)) (i32.const 7)))
      (if (i32.eqz (local.get $place)) (then (local.set $code (i32.add (local.get $code) (i32.const 1)))))
      (local.set $least (i32.add (local.get $index) (i32.const 1)))
      (local.set $source (i32.add (local.get $source) (i32.const 2)))
      (br_if $next (i32.ne (local.get $source) (local.get $indexEnd))))
    ;; The bits left over in the last byte are zero.
    (if (i32.eqz (local.get $place)) (then (return (i32.const 0))))
    (i32.ne (i32.const 0) (i32.shr_u (i32.load8_u (local.get $code)) (local.get $place))))
)
