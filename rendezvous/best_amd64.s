//go:build amd64 && !purego

#include "textflag.h"

// The numbers of the lanes, 0 to 15.
DATA lane<>+0(SB)/8, $0
DATA lane<>+8(SB)/8, $1
DATA lane<>+16(SB)/8, $2
DATA lane<>+24(SB)/8, $3
DATA lane<>+32(SB)/8, $4
DATA lane<>+40(SB)/8, $5
DATA lane<>+48(SB)/8, $6
DATA lane<>+56(SB)/8, $7
DATA lane<>+64(SB)/8, $8
DATA lane<>+72(SB)/8, $9
DATA lane<>+80(SB)/8, $10
DATA lane<>+88(SB)/8, $11
DATA lane<>+96(SB)/8, $12
DATA lane<>+104(SB)/8, $13
DATA lane<>+112(SB)/8, $14
DATA lane<>+120(SB)/8, $15
GLOBL lane<>(SB), RODATA|NOPTR, $128

// func bestAVX512(seeds []uint64, k, m uint64) (at int, top uint64)
//
// Sixteen lanes in two registers each keep their greatest score and the step
// that gave it. A lane changes only for a greater score, so it keeps the
// smallest index; in the end the lanes with the greatest score of all compare
// their indices.
//
//	Z0 k   Z1 m   Z2 Z3 greatest scores   Z4 Z5 their steps   Z6 this step   Z7 16
TEXT ·bestAVX512(SB), NOSPLIT, $0-56
	MOVQ seeds_base+0(FP), SI
	MOVQ seeds_len+8(FP), CX
	VPBROADCASTQ k+24(FP), Z0
	VPBROADCASTQ m+32(FP), Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3
	VPXORQ Z4, Z4, Z4
	VPXORQ Z5, Z5, Z5
	VPXORQ Z6, Z6, Z6
	MOVQ $16, AX
	VPBROADCASTQ AX, Z7

step:
	VPXORQ    (SI), Z0, Z8
	VPXORQ    64(SI), Z0, Z9
	VPMULLQ   Z1, Z8, Z8
	VPMULLQ   Z1, Z9, Z9
	VPCMPUQ   $6, Z2, Z8, K1 // greater than
	VPCMPUQ   $6, Z3, Z9, K2
	VPMAXUQ   Z8, Z2, Z2
	VPMAXUQ   Z9, Z3, Z3
	VMOVDQA64 Z6, K1, Z4
	VMOVDQA64 Z6, K2, Z5
	VPADDQ    Z7, Z6, Z6
	ADDQ      $128, SI
	SUBQ      $16, CX
	JNZ       step

	// The greatest score of all lanes, in every lane of Z8.
	VPMAXUQ       Z2, Z3, Z8
	VSHUFI64X2    $0x4e, Z8, Z8, Z9
	VPMAXUQ       Z8, Z9, Z8
	VSHUFI64X2    $0xb1, Z8, Z8, Z9
	VPMAXUQ       Z8, Z9, Z8
	VPERMQ        $0xb1, Z8, Z9
	VPMAXUQ       Z8, Z9, Z8
	VMOVQ         X8, AX

	// The smallest index among the lanes that have it.
	VPCMPEQQ   Z8, Z2, K1
	VPCMPEQQ   Z8, Z3, K2
	VPADDQ     lane<>+0(SB), Z4, Z4
	VPADDQ     lane<>+64(SB), Z5, Z5
	VPTERNLOGQ $0xff, Z9, Z9, Z9 // all ones
	VMOVDQA64  Z9, Z10
	VMOVDQA64  Z4, K1, Z9
	VMOVDQA64  Z5, K2, Z10
	VPMINUQ    Z9, Z10, Z8
	VSHUFI64X2 $0x4e, Z8, Z8, Z9
	VPMINUQ    Z8, Z9, Z8
	VSHUFI64X2 $0xb1, Z8, Z8, Z9
	VPMINUQ    Z8, Z9, Z8
	VPERMQ     $0xb1, Z8, Z9
	VPMINUQ    Z8, Z9, Z8
	VMOVQ      X8, BX

	VZEROUPPER
	MOVQ BX, at+40(FP)
	MOVQ AX, top+48(FP)
	RET

// func aboveAVX512(seeds []uint64, k, m, than uint64) (at int, which uint64)
//
//	Z0 k   Z1 m   Z2 than
TEXT ·aboveAVX512(SB), NOSPLIT, $0-64
	MOVQ seeds_base+0(FP), SI
	MOVQ seeds_len+8(FP), CX
	VPBROADCASTQ k+24(FP), Z0
	VPBROADCASTQ m+32(FP), Z1
	VPBROADCASTQ than+40(FP), Z2
	XORQ AX, AX // the seeds skipped
	XORQ BX, BX
	TESTQ CX, CX
	JZ   done

step:
	VPXORQ    (SI)(AX*8), Z0, Z8
	VPXORQ    64(SI)(AX*8), Z0, Z9
	VPMULLQ   Z1, Z8, Z8
	VPMULLQ   Z1, Z9, Z9
	VPCMPUQ   $6, Z2, Z8, K1 // greater than
	VPCMPUQ   $6, Z2, Z9, K2
	KORTESTB  K1, K2
	JNZ       found
	ADDQ      $16, AX
	CMPQ      AX, CX
	JB        step
	JMP       done

found:
	KMOVB K1, BX
	KMOVB K2, DX
	SHLQ  $8, DX
	ORQ   DX, BX

done:
	VZEROUPPER
	MOVQ AX, at+48(FP)
	MOVQ BX, which+56(FP)
	RET

// func topsAVX512(seeds []uint64, k, m uint64, tops *[8]uint64)
//
//	Z0 k   Z1 m   Z2 Z3 greatest scores
TEXT ·topsAVX512(SB), NOSPLIT, $0-48
	MOVQ seeds_base+0(FP), SI
	MOVQ seeds_len+8(FP), CX
	VPBROADCASTQ k+24(FP), Z0
	VPBROADCASTQ m+32(FP), Z1
	MOVQ tops+40(FP), DI
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3

step:
	VPXORQ  (SI), Z0, Z8
	VPXORQ  64(SI), Z0, Z9
	VPMULLQ Z1, Z8, Z8
	VPMULLQ Z1, Z9, Z9
	VPMAXUQ Z8, Z2, Z2
	VPMAXUQ Z9, Z3, Z3
	ADDQ    $128, SI
	SUBQ    $16, CX
	JNZ     step

	VPMAXUQ   Z2, Z3, Z2
	VMOVDQU64 Z2, (DI)
	VZEROUPPER
	RET
